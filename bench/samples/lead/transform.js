// The idiomatic transformation: parse, map, qualify, write.
function transform(text) {
  const lead = JSON.parse(text);
  const out = {
    firstName: lead.contact.first_name.trim(),
    lastName: lead.contact.last_name.trim(),
    email: lead.contact.emails[0].address.toLowerCase(),
    phone: "+1" + lead.contact.phones[0].number.replace(/\D/g, ""),
    state: lead.address.state,
    zip: lead.address.postal,
    city: lead.address.city,
    utm: lead.tracking.utm_source.toLowerCase(),
    income: lead.answers[2].value,
    ip: lead.tracking.ip,
  };
  out.qualified =
    out.email.includes("@") && out.income >= 50000 && ["CA", "TX", "NY"].includes(out.state);
  return JSON.stringify(out);
}
