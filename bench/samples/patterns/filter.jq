# The idiomatic transformation: take pieces by regular expressions, qualify.
{
  email: .email | ascii_downcase,
  source: .page | capture("utm_source=(?<it>[^&]+)").it,
  zip: .postal | match("^[0-9]{5}").string,
  start: .message | match("[0-9]{4}-[0-9]{2}-[0-9]{2}").string,
  state,
  ip
}
| .qualified = ((.email | contains("@")) and any(.state == ("CA", "TX", "NY"); .))
