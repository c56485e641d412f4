# The idiomatic transformation: map, qualify.
def trimmed: sub("^\\s+"; "") | sub("\\s+$"; "");
{
  id: .response_id,
  firstName: .respondent.name.given | trimmed,
  email: .respondent.email | ascii_downcase,
  phone: ("+1" + (.respondent.phone | gsub("[^0-9]"; ""))),
  heating: .sections[3].questions[4].answer,
  budget: .summary.budget,
  state: .summary.state,
  utm: .tracking.utm_source | ascii_downcase
}
| .qualified = ((.email | contains("@")) and .budget >= 5000 and any(.state == ("CA", "TX", "NY"); .))
