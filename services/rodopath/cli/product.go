package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rodopath/rodopath/services/rodopath/client"
)

// products lists the products that sold and that the configuration does not list.
func (s *shared) products() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "products",
		Short: "List the products that sold and that the configuration does not list",
		Long: `List the products that sold and that no source of the configuration lists under products. Such a
product counts as delivered once, so the access to a forgotten course would end two weeks after the order.
Recipients of a new installation are not notified of such a deletion until the product is listed: add the
line, and start Rodopath again. "*" lists everything else.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.ask(cmd.Context(), func(c *client.Client) error {
				data, err := c.Get(cmd.Context(), "/v1/products", "")
				if err != nil {
					return err
				}
				return writeList(cmd.OutOrStdout(), data, asJSON, writeProducts)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
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
