package console

import "net/url"

// Pager leads on through a table that is read by key. An empty path is no link.
type Pager struct {
	First string // of the first page; empty on it
	Next  string
}

// pager pages a list by the query parameter "after", and keeps what else is asked for.
func pager(r *request, after, next string) (p Pager) {
	if after != "" {
		p.First = withQuery(r.URL, "after", "")
	}
	if next != "" {
		p.Next = withQuery(r.URL, "after", next)
	}
	return p
}

// withQuery is an address with one parameter set; empty: without it.
func withQuery(u *url.URL, name, value string) string {
	query := u.Query()
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	if len(query) == 0 {
		return u.Path
	}
	return u.Path + "?" + query.Encode()
}
