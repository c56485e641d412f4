// The idiomatic transformation: parse, find each answer by its name, qualify, write.
function transform(text) {
  const lead = JSON.parse(text);
  const answers = (name) => lead.field_data.find((field) => field.name === name).values;
  const out = {
    id: lead.id,
    firstName: answers("first_name")[0].trim(),
    lastName: answers("last_name")[0].trim(),
    email: answers("email")[0].toLowerCase(),
    phone: "+1" + answers("phone_number")[0].replace(/\D/g, ""),
    city: answers("city")[0],
    state: answers("state")[0],
    zip: answers("zip_code")[0],
    budget: Number(answers("what_is_your_budget?")[0]),
    interests: answers("interests"),
  };
  out.qualified =
    out.email.includes("@") && out.budget >= 5000 && ["CA", "TX", "NY"].includes(out.state);
  return JSON.stringify(out);
}
