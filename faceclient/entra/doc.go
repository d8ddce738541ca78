// Package entra signs in to Entra ID by azidentity, and keeps the token until shortly before it ends. It is the only package that
// knows azidentity. It does not know which requests use a token, and nothing of what a sign-in answers leaves it but
// the token and the number of an error.
package entra
