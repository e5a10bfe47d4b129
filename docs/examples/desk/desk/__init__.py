"""A help desk: tickets come in over HTTP, are sorted, and get a draft of a reply."""
