// Package statuspage draws the page for people: a card for every list with its state in words, what it counted, what it
// cost, and what went wrong and what to do about it.
//
// It knows HTML, words and numbers, and reads a list's [collector.State]. It must not know where that comes from: it sends
// no request and starts nothing. The page needs no script and loads nothing; a few lines of script renew it
// where scripts run.
package statuspage
