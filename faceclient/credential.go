package faceclient

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync/atomic"
)

const keyHeader = "Ocp-Apim-Subscription-Key"

// Credential proves to the service who asks.
type Credential interface {
	// Authorize adds the proof to the header of a request that is about to be sent.
	Authorize(ctx context.Context, header http.Header) error
	// Rejected is told that the service answered 401 to a request with this header, and says whether another attempt
	// would carry another proof.
	Rejected(header http.Header) bool
	// Changed tells whether the secret behind the credential is another one than Authorize used last.
	Changed() bool
	// SecretHeaders are the names of the headers that Authorize sets: their values are never shown.
	SecretHeaders() []string
}

// Secret gives a secret when it is needed, so that one that was rotated is used at once. Its errors name no content.
type Secret func() (string, error)

// StaticSecret is a secret that never changes.
func StaticSecret(value string) Secret {
	return func() (string, error) { return value, nil }
}

// lastSecret tells whether a secret has changed, without keeping it.
type lastSecret struct {
	sum atomic.Pointer[[sha256.Size]byte]
}

// used remembers the secret that a request is sent with.
func (l *lastSecret) used(value string) {
	sum := sha256.Sum256([]byte(value))
	l.sum.Store(&sum)
}

// changed tells whether the secret can be read and is another one.
func (l *lastSecret) changed(secret Secret) bool {
	value, err := secret()
	last := l.sum.Load()
	return err == nil && (last == nil || *last != sha256.Sum256([]byte(value)))
}

// KeyCredential proves by one of the resource's two keys.
type KeyCredential struct {
	key  Secret
	last lastSecret
}

// NewKeyCredential makes a credential of a key, as the portal shows it.
func NewKeyCredential(key Secret) *KeyCredential { return &KeyCredential{key: key} }

// Authorize reads the key and sets it.
func (c *KeyCredential) Authorize(_ context.Context, header http.Header) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	c.last.used(key)
	header.Set(keyHeader, key)
	return nil
}

// Rejected tells whether the key has been rotated since the request was made.
func (c *KeyCredential) Rejected(header http.Header) bool {
	key, err := c.key()
	return err == nil && key != header.Get(keyHeader)
}

// Changed tells whether the key is another one than Authorize used last.
func (c *KeyCredential) Changed() bool { return c.last.changed(c.key) }

// SecretHeaders names the header of the key.
func (c *KeyCredential) SecretHeaders() []string { return []string{keyHeader} }
