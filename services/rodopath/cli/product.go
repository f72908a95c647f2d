package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/internal/loop"
	"github.com/rodopath/rodopath/services/rodopath/client"
)

// products lists the products that sold and that the configuration does not list.
func (s *shared) products() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use:   "products",
		Short: "List the products that sold and that the configuration does not list",
		Long: `List the products that sold and that no source of the configuration lists under products. Such a
product counts as delivered once, so the access to a forgotten course would end two weeks after the order.
Recipients of a new installation are not notified of such a deletion until the product is listed: state what it
is by "products set", or add the line to the configuration and start Rodopath again. "*" lists everything else.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				path, write := "/v1/products", writeProducts
				if all {
					path, write = "/v1/products/listed", writeListed
				}
				data, err := c.Get(cmd.Context(), path, "")
				if err != nil {
					return err
				}
				return writeList(cmd.OutOrStdout(), data, asJSON, write)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&all, "listed", false, "list the products that are listed, and who listed them")
	cmd.AddCommand(s.setProduct())
	return cmd
}

// setProduct states what the sales of a product are.
func (s *shared) setProduct() *cobra.Command {
	var days int
	cmd := &cobra.Command{
		Use:   "set SOURCE PRODUCT one_off|course|service|subscription",
		Short: "State what the sales of a product are, without a restart",
		Long: `State what the sales of a product are that the configuration does not list. Everybody who bought the product is
evaluated anew within seconds. PRODUCT is an id, a SKU or a category of the source, or "*" for everything else.
Another statement about the same product replaces this one, and a line of the configuration goes before both.`,
		Example: "  rodopath products set shop 17 course --days 365",
		Args:    args(cobra.ExactArgs(3)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				_, err := c.Ask(cmd.Context(), "/v1/products/listed", map[string]any{
					"source": args[0], "product": args[1], "access": args[2], "days": days,
				}, "")
				if err == nil {
					err = awaitListed(cmd.Context(), c, listed{Source: args[0], Product: args[1], Access: args[2], Days: days})
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of %s is %s from now on; who bought it is evaluated anew.\n",
					args[1], args[0], kindOfSale(args[2], days))
				return err
			})
		},
	}
	cmd.Flags().IntVar(&days, "days", 0, "how long a course stays open, in days; 0 means without an end")
	return cmd
}

// kindOfSale writes what the sales of a product are.
func kindOfSale(access string, days int) string {
	if days == 0 {
		return access
	}
	return fmt.Sprintf("%s, %d days", access, days)
}

// listed is a product of which it is known what its sales are.
type listed struct {
	Source  string    `json:"source"`
	Product string    `json:"product"`
	Access  string    `json:"access"`
	Days    int       `json:"days"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// readListed reads the answer with the listed products.
func readListed(data []byte) ([]listed, error) {
	var list struct {
		Products []listed `json:"products"`
	}
	if err := decode(data, &list); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return list.Products, nil
}

// The wait for a statement to be in force. The interface is away meanwhile.
const (
	listedWithin = 30 * time.Second
	listedLook   = 200 * time.Millisecond
)

// awaitListed waits until a statement about a product is in force.
func awaitListed(ctx context.Context, c *client.Client, want listed) error {
	return loop.Retry(ctx, listedLook, listedWithin, func(error) bool { return true }, func() error {
		data, err := c.Get(ctx, "/v1/products/listed", "")
		if err != nil {
			return err
		}
		products, err := readListed(data)
		if err != nil {
			return err
		}
		for _, p := range products {
			if p.By, p.At = "", want.At; p == want {
				return nil
			}
		}
		return errors.New("the statement is stored and not in force yet; \"rodopath products --listed\" shows when it is")
	})
}

func writeListed(out io.Writer, data []byte) error {
	products, err := readListed(data)
	if err != nil {
		return err
	}
	if len(products) == 0 {
		_, err := fmt.Fprintln(out, "No product is listed.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tPRODUCT\tKIND\tLISTED BY")
	for _, p := range products {
		by := "the configuration"
		if p.By != "" {
			by = p.By + ", " + p.At.Format(time.DateOnly)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.Source, p.Product, kindOfSale(p.Access, p.Days), by)
	}
	return table.Flush()
}

func writeProducts(out io.Writer, data []byte) error {
	var list struct {
		Products []struct {
			Source string    `json:"source"`
			Keys   []string  `json:"keys"`
			Sales  int       `json:"sales"`
			Last   time.Time `json:"last"`
			Line   string    `json:"line"`
		} `json:"products"`
	}
	if err := decode(data, &list); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(list.Products) == 0 {
		_, err := fmt.Fprintln(out, "Every product that sold is listed.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tSALES\tLAST SALE\tPRODUCT\tLINE UNDER products OF THE SOURCE")
	for _, p := range list.Products {
		name := strings.Join(p.Keys, ", ")
		if name == "" {
			name = "(not named)"
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\n", p.Source, p.Sales, p.Last.Format(time.DateOnly), name, p.Line)
	}
	return table.Flush()
}
