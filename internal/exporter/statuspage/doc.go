// Package statuspage draws the page for people: a card for every list with its state in words, what it counted, what it
// cost, and what went wrong and what to do about it.
//
// It knows HTML, words and numbers. It must not know where they come from: it is given a [Page] of plain values, asks
// nobody for anything, and starts nothing. The page needs no script and loads nothing; a few lines of script renew it
// where scripts run.
package statuspage
