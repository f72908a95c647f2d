package service

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/rodopath/rodopath/services/internal/config"
)

// authority is a CA of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// issue signs a certificate; that of the CA itself before there is one.
func (a *authority) issue(of *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	of.SerialNumber = big.NewInt(time.Now().UnixNano())
	of.NotBefore, of.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = of, key
	}
	der, err := x509.CreateCertificate(rand.Reader, of, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// pair returns a signed certificate and its key in PEM.
func (a *authority) pair(name string, use x509.ExtKeyUsage) (cert, key string) {
	a.t.Helper()
	c, k := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{use}, KeyUsage: x509.KeyUsageDigitalSignature,
	})
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return armoured(c), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func armoured(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// secret writes a secret and returns its reference.
func secret(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + path
}

// startServer starts a server with JetStream and returns its address.
func startServer(t *testing.T, opts *server.Options) string {
	t.Helper()
	opts.Host, opts.Port, opts.NoSigs, opts.NoLog = "127.0.0.1", -1, true, true
	opts.JetStream, opts.StoreDir = true, t.TempDir()
	ns, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS does not get ready")
	}
	return ns.Addr().String()
}

// works connects as a service does, and creates the streams.
func works(t *testing.T, c *config.Config) error {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	nc, err := Connect(t.Context(), c, "test", log)
	if err != nil {
		return err
	}
	defer nc.Close()
	_, err = JetStream(t.Context(), nc, c, log)
	return err
}

// TestConnect_ShowsItsCertificate: the server demands a certificate of its own CA, and its own is of that CA as well.
func TestConnect_ShowsItsCertificate(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.pair("server", x509.ExtKeyUsageServerAuth)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(ca.cert)
	c := &config.Config{}
	c.NATS.URL = "tls://" + startServer(t, &server.Options{
		TLS: true, TLSVerify: true, TLSTimeout: 10, TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
			MinVersion: tls.VersionTLS12,
		},
	})
	cert, key = ca.pair("client", x509.ExtKeyUsageClientAuth)
	c.NATS.CA, c.NATS.Certificate, c.NATS.CertificateKey = secret(t, armoured(ca.cert)), secret(t, cert), secret(t, key)
	if err := works(t, c); err != nil {
		t.Errorf("with the certificate of the CA: %v", err)
	}
	cert, key = newAuthority(t).pair("client", x509.ExtKeyUsageClientAuth)
	c.NATS.Certificate, c.NATS.CertificateKey = secret(t, cert), secret(t, key)
	if err := works(t, c); err == nil || !strings.Contains(err.Error(), "unknown certificate authority") {
		t.Errorf("with the certificate of another CA: got %v, want that the server refuses it", err)
	}
}

// TestConnect_StatesWhichCertificateIsWrong: each fault names its setting.
func TestConnect_StatesWhichCertificateIsWrong(t *testing.T) {
	cert, key := newAuthority(t).pair("client", x509.ExtKeyUsageClientAuth)
	for name, c := range map[string]struct {
		set  func(*config.NATS)
		want string
	}{
		"no key":  {func(n *config.NATS) { n.Certificate = secret(t, cert) }, "nats.certificate_key belong together"},
		"no cert": {func(n *config.NATS) { n.CertificateKey = secret(t, key) }, "nats.certificate_key belong together"},
		"no CA":   {func(n *config.NATS) { n.CA = secret(t, "no PEM") }, "no certificate in PEM"},
		"no PEM": {func(n *config.NATS) {
			n.Certificate, n.CertificateKey = secret(t, "no PEM"), secret(t, key)
		}, "the certificate of this client"},
	} {
		conf := &config.Config{}
		conf.NATS.URL = "tls://127.0.0.1:1"
		c.set(&conf.NATS)
		if err := works(t, conf); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestConnect_OpensAnAccountByItsCredentials: the server has an operator and accounts as JWTs, and the file of
// credentials opens the account with its own limits of JetStream.
func TestConnect_OpensAnAccountByItsCredentials(t *testing.T) {
	operator, operatorID := identity(t, nkeys.CreateOperator)
	account, accountID := identity(t, nkeys.CreateAccount)
	user, userID := identity(t, nkeys.CreateUser)
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.NewAccountClaims(accountID)
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
	accountJWT := encode(t, claims, operator)
	userJWT := encode(t, jwt.NewUserClaims(userID), account)
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(accountID, accountJWT); err != nil {
		t.Fatal(err)
	}
	other, systemID := identity(t, nkeys.CreateAccount)
	if err := resolver.Store(systemID, encode(t, jwt.NewAccountClaims(systemID), operator)); err != nil {
		t.Fatal(err)
	}
	c := &config.Config{}
	c.NATS.URL = "nats://" + startServer(t, &server.Options{
		TrustedKeys: []string{operatorID}, AccountResolver: resolver, SystemAccount: systemID,
	})
	file, err := jwt.FormatUserConfig(userJWT, seed)
	if err != nil {
		t.Fatal(err)
	}
	c.NATS.Credentials = secret(t, string(file))
	if err := works(t, c); err != nil {
		t.Errorf("with the credentials: %v", err)
	}
	stranger, strangerID := identity(t, nkeys.CreateUser)
	if seed, err = stranger.Seed(); err != nil {
		t.Fatal(err)
	}
	file, err = jwt.FormatUserConfig(encode(t, jwt.NewUserClaims(strangerID), other), seed)
	if err != nil {
		t.Fatal(err)
	}
	c.NATS.Credentials = secret(t, string(file))
	if err := works(t, c); err == nil {
		t.Error("credentials that no account has signed open the server")
	}
}

func identity(t *testing.T, create func() (nkeys.KeyPair, error)) (pair nkeys.KeyPair, public string) {
	t.Helper()
	pair, err := create()
	if err == nil {
		public, err = pair.PublicKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

func encode(t *testing.T, claims jwt.Claims, by nkeys.KeyPair) string {
	t.Helper()
	text, err := claims.Encode(by)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
