// The idiomatic transformation: parse, map, qualify, write.
function transform(text) {
  const form = JSON.parse(text);
  const out = {
    id: form.response_id,
    firstName: form.respondent.name.given.trim(),
    email: form.respondent.email.toLowerCase(),
    phone: "+1" + form.respondent.phone.replace(/\D/g, ""),
    heating: form.sections[3].questions[4].answer,
    budget: form.summary.budget,
    state: form.summary.state,
    utm: form.tracking.utm_source.toLowerCase(),
  };
  out.qualified =
    out.email.includes("@") && out.budget >= 5000 && ["CA", "TX", "NY"].includes(out.state);
  return JSON.stringify(out);
}
