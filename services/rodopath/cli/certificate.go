package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/api/certificate"
	"github.com/rodopath/rodopath/services/internal/address"
	"github.com/rodopath/rodopath/services/internal/display"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

func (s *shared) certificate() *cobra.Command {
	var form, lang, to string
	var names bool
	cmd := &cobra.Command{
		Use:   "certificate DECISION",
		Short: "Certify a deletion that every recipient has confirmed",
		Long: `Write the certificate of a deletion: the deleted categories, the time, the reasons, and the
confirmations of the recipients. The certificate is a JSON Web Signature (Ed25519) and contains no
names.
--names-key prints the key of the hashes, with which a reader who knows an address can verify
whether the certificate concerns that address.`,
		Example: "  rodopath certificate dec_abc -o certificate.json\n  rodopath certificate dec_abc --form page --lang pl -o certificate.html",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if form != "json" && form != "page" {
				return fmt.Errorf("%w: --form must be json or page", errUsage)
			}
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(
					cmd.Context(),
					"/v1/decisions/"+url.PathEscape(given[0])+"/certificate?form="+form+"&lang="+url.QueryEscape(lang),
					"",
				)
				if err != nil {
					return err
				}
				return issue(cmd.OutOrStdout(), data, form == "page", names, to)
			})
		},
	}
	cmd.Flags().StringVar(&form, "form", "json", "json (signed) or page (to print)")
	cmd.Flags().StringVar(&lang, "lang", "pl", "language of the page: pl or en")
	cmd.Flags().StringVarP(&to, "output", "o", "", "file to write (default standard output)")
	cmd.Flags().BoolVar(&names, "names-key", false, "print the key of the hashes instead")
	cmd.AddCommand(s.verifyCertificate(), s.certificateKey())
	return cmd
}

// issue writes a certificate without the key of its hashes, or that key alone.
func issue(out io.Writer, data []byte, page, namesKey bool, to string) error {
	if page {
		return writeOutput(out, to, data)
	}
	var issued struct {
		certificate.Signed
		NamesKey string `json:"names_key"`
	}
	if err := json.Unmarshal(data, &issued); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if issued.Payload == "" {
		return errors.New("the running server is of an earlier version; restart \"rodopath serve\" with this version")
	}
	if namesKey {
		return writeOutput(out, to, []byte(issued.NamesKey+"\n"))
	}
	text, err := json.MarshalIndent(issued.Signed, "", "  ")
	if err != nil {
		return err
	}
	return writeOutput(out, to, append(text, '\n'))
}

func writeOutput(out io.Writer, to string, data []byte) error {
	if to == "" {
		_, err := out.Write(data)
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

func (s *shared) certificateKey() *cobra.Command {
	return &cobra.Command{
		Use:   "key",
		Short: "Print the public key of certificates, for publication, and earlier public keys",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				keys, err := publicKeys(cmd, c)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(keys, "\n"))
				return err
			})
		},
	}
}

// publicKeys asks for the public keys of the business, the newest first.
func publicKeys(cmd *cobra.Command, c *client.Client) ([]string, error) {
	data, err := c.Get(cmd.Context(), "/v1/certificate-key", "")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Key    string   `json:"key"`
		Former []string `json:"former"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return append([]string{answer.Key}, answer.Former...), nil
}

// verified checks a certificate with each of the keys that a business has published.
func verified(data []byte, keys []string) (c *certificate.Certificate, err error) {
	for _, key := range keys {
		if c, err = certificate.Verify(data, key); !errors.Is(err, certificate.ErrForged) {
			break
		}
	}
	return c, err
}

func (*shared) verifyCertificate() *cobra.Command {
	var key, person, names string
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a certificate offline, with the public key of the business",
		Example: `  rodopath certificate verify certificate.json --key "$(cat business.pub)"
  rodopath certificate verify certificate.json --key "$(cat business.pub)" --person ala@example.com --names-key KEY`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			switch {
			case strings.TrimSpace(key) == "":
				return fmt.Errorf(
					"%w: give the public key of the business with --key; the key in the file proves nothing",
					errUsage,
				)
			case (person == "") != (names == ""):
				return fmt.Errorf("%w: --person and --names-key go together", errUsage)
			}
			data, err := readInput(given[0])
			if err != nil {
				return err
			}
			c, err := verified(data, strings.Fields(key))
			if errors.Is(err, certificate.ErrForged) {
				fmt.Fprintln(cmd.OutOrStdout(), "No:", certificate.ErrForged.Error()+".")
				return errNo
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(
				cmd.OutOrStdout(),
				"The signature is valid. %s certifies the deletion %s, confirmed %s by %d recipients.\n",
				display.Line(c.Controller),
				display.Line(c.Decision),
				c.Confirmed.Format(time.RFC3339),
				len(c.Recipients),
			)
			if person == "" {
				return nil
			}
			if !concerns(c, strings.TrimSpace(person), strings.TrimSpace(names)) {
				fmt.Fprintln(cmd.OutOrStdout(), "The certificate does not concern this person, or the key belongs to other hashes.")
				return errNo
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "The certificate concerns this person.")
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the public key published by the business, in base64")
	cmd.Flags().StringVar(&person, "person", "", "check whether the certificate concerns this person")
	cmd.Flags().StringVar(&names, "names-key", "", "the key of the hashes, from \"certificate DECISION --names-key\"")
	return cmd
}

// concerns reports whether a certificate names a person, by an address in any writing, or by an id at
// a platform.
func concerns(c *certificate.Certificate, person, key string) bool {
	return c.Names(address.Normal(person), key) || c.Names(strings.ToLower(person), key) || c.Names(person, key)
}
