# The idiomatic transformation: find each answer by its name, qualify.
def trimmed: sub("^\\s+"; "") | sub("\\s+$"; "");
. as $lead
| def answers($name): first($lead.field_data[] | select(.name == $name)).values;
{
  id,
  firstName: answers("first_name")[0] | trimmed,
  lastName: answers("last_name")[0] | trimmed,
  email: answers("email")[0] | ascii_downcase,
  phone: ("+1" + (answers("phone_number")[0] | gsub("[^0-9]"; ""))),
  city: answers("city")[0],
  state: answers("state")[0],
  zip: answers("zip_code")[0],
  budget: answers("what_is_your_budget?")[0] | tonumber,
  interests: answers("interests")
}
| .qualified = ((.email | contains("@")) and .budget >= 5000 and any(.state == ("CA", "TX", "NY"); .))
