# The idiomatic transformation: map, qualify, and write XML by hand; `@html` escapes what XML wants escaped, too.
def trimmed: sub("^\\s+"; "") | sub("\\s+$"; "");
def element($name): "<\($name)>\(tostring | @html)</\($name)>";
(.contact.emails[0].address | ascii_downcase) as $email
| if ($email | contains("@")) and .answers[2].value >= 50000 and any(.address.state == ("CA", "TX", "NY"); .) then
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><lead>"
    + (.contact.first_name | trimmed | element("firstName"))
    + (.contact.last_name | trimmed | element("lastName"))
    + ($email | element("email"))
    + ("+1" + (.contact.phones[0].number | gsub("[^0-9]"; "")) | element("phone"))
    + "<address>"
    + (.address.state | element("state")) + (.address.postal | element("zip")) + (.address.city | element("city"))
    + "</address>"
    + (.answers[2].value | element("income"))
    + (.tracking.ip | element("ip"))
    + "</lead>"
  else "" end
