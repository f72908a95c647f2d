package access

// HeaderActor is the header in which a client of the owner names the person who acts, such as "owner anna". The token
// of the client vouches for the name.
const HeaderActor = "Rodopath-Actor"
