// The idiomatic transformation: parse, map, qualify, and write XML by hand, as no engine brings a writer.
function escaped(value) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return String(value).replace(/[&<>]/g, (found) => entities[found]);
}
function element(name, value) {
  return `<${name}>${escaped(value)}</${name}>`;
}
function transform(text) {
  const { contact, address, answers, tracking } = JSON.parse(text);
  const email = contact.emails[0].address.toLowerCase();
  const income = answers[2].value;
  if (!email.includes("@") || income < 50000 || !["CA", "TX", "NY"].includes(address.state)) return "";
  const inner =
    element("firstName", contact.first_name.trim()) +
    element("lastName", contact.last_name.trim()) +
    element("email", email) +
    element("phone", "+1" + contact.phones[0].number.replace(/\D/g, "")) +
    "<address>" + element("state", address.state) + element("zip", address.postal) + element("city", address.city) + "</address>" +
    element("income", income) +
    element("ip", tracking.ip);
  return `<?xml version="1.0" encoding="UTF-8"?><lead>${inner}</lead>`;
}
