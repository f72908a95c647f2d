package service

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/rodopath/rodopath/services/internal/config"
)

// tlsOptions returns the options of a connection with a certificate of this client, or with CAs of its own; none
// without either.
func tlsOptions(c *config.Config) ([]nats.Option, error) {
	if c.NATS.Certificate == "" && c.NATS.CertificateKey == "" && c.NATS.CA == "" {
		return nil, nil
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.NATS.Certificate != "" || c.NATS.CertificateKey != "" {
		pair, err := certificate(c)
		if err != nil {
			return nil, c.At(fmt.Errorf("connect to NATS: the certificate of this client: %w", err), "nats", "certificate")
		}
		secure.Certificates = []tls.Certificate{pair}
	}
	if c.NATS.CA != "" {
		text, err := c.Secret(c.NATS.CA)
		secure.RootCAs = x509.NewCertPool()
		if err == nil && !secure.RootCAs.AppendCertsFromPEM([]byte(text)) {
			err = errors.New("no certificate in PEM is found")
		}
		if err != nil {
			return nil, c.At(fmt.Errorf("connect to NATS: the CAs of the servers: %w", err), "nats", "ca")
		}
	}
	return []nats.Option{nats.Secure(secure)}, nil
}

// certificate reads the certificate of this client and its key.
func certificate(c *config.Config) (tls.Certificate, error) {
	if c.NATS.Certificate == "" || c.NATS.CertificateKey == "" {
		return tls.Certificate{}, errors.New("nats.certificate and nats.certificate_key belong together, and one is missing")
	}
	cert, err := c.Secret(c.NATS.Certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := c.Secret(c.NATS.CertificateKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair([]byte(cert), []byte(key))
}
