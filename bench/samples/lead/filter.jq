# The idiomatic transformation: map, qualify.
def trimmed: sub("^\\s+"; "") | sub("\\s+$"; "");
{
  firstName: .contact.first_name | trimmed,
  lastName: .contact.last_name | trimmed,
  email: .contact.emails[0].address | ascii_downcase,
  phone: ("+1" + (.contact.phones[0].number | gsub("[^0-9]"; ""))),
  state: .address.state,
  zip: .address.postal,
  city: .address.city,
  utm: .tracking.utm_source | ascii_downcase,
  income: .answers[2].value,
  ip: .tracking.ip
}
| .qualified = ((.email | contains("@")) and .income >= 50000 and any(.state == ("CA", "TX", "NY"); .))
