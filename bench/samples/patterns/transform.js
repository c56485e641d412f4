// The idiomatic transformation: parse, take pieces by regular expressions, qualify, write.
function transform(text) {
  const lead = JSON.parse(text);
  const out = {
    email: lead.email.toLowerCase(),
    source: /utm_source=([^&]+)/.exec(lead.page)[1],
    zip: /^[0-9]{5}/.exec(lead.postal)[0],
    start: /[0-9]{4}-[0-9]{2}-[0-9]{2}/.exec(lead.message)[0],
    state: lead.state,
    ip: lead.ip,
  };
  out.qualified = out.email.includes("@") && ["CA", "TX", "NY"].includes(out.state);
  return JSON.stringify(out);
}
