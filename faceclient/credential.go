package faceclient

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync/atomic"
)

const keyHeader = "Ocp-Apim-Subscription-Key"

// Credential authenticates requests to the service.
type Credential interface {
	// Authorize adds a key or a token to the header of a request that is about to be sent.
	Authorize(ctx context.Context, header http.Header) error
	// Rejected is called after the service answered 401 to a request with this header. It reports whether another attempt
	// would have another key or token.
	Rejected(header http.Header) bool
	// Changed reports whether the secret behind the credential has changed since Authorize used it.
	Changed() bool
	// SecretHeaders are the names of the headers that Authorize sets: their values are never shown.
	SecretHeaders() []string
}

// Secret returns a secret when it is needed, so that a rotated one is used at once. Its errors have no part of the secret.
type Secret func() (string, error)

// StaticSecret is a secret that never changes.
func StaticSecret(value string) Secret {
	return func() (string, error) { return value, nil }
}

// KeyCredential is one of the resource's two keys.
type KeyCredential struct {
	key  Secret
	used atomic.Pointer[[sha256.Size]byte] // the key that the last request was sent with, which is not kept
}

// NewKeyCredential makes a credential of a key, as the portal shows it.
func NewKeyCredential(key Secret) *KeyCredential { return &KeyCredential{key: key} }

// Authorize reads the key and sets it.
func (c *KeyCredential) Authorize(_ context.Context, header http.Header) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(key))
	c.used.Store(&sum)
	header.Set(keyHeader, key)
	return nil
}

// Rejected reports whether the key was rotated after the request was made.
func (c *KeyCredential) Rejected(header http.Header) bool {
	key, err := c.key()
	return err == nil && key != header.Get(keyHeader)
}

// Changed reports whether the key can be read and has changed since Authorize used it.
func (c *KeyCredential) Changed() bool {
	key, err := c.key()
	used := c.used.Load()
	return err == nil && (used == nil || *used != sha256.Sum256([]byte(key)))
}

// SecretHeaders names the header of the key.
func (c *KeyCredential) SecretHeaders() []string { return []string{keyHeader} }
