package httpapi

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/rodopath/rodopath/services/internal/address"
)

// newValidate returns a validator that reports fields by their JSON names.
func newValidate() (*validator.Validate, error) {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	err := v.RegisterValidation("plain", func(f validator.FieldLevel) bool { return isPlain(f.Field().String()) })
	if err != nil {
		return nil, fmt.Errorf("register rule plain: %w", err)
	}
	return v, nil
}

// isPlain reports whether a text contains neither an address nor control characters.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) && !address.Looks(s)
}

// joined describes the fault of a field, without its value.
func joined(f validator.FieldError) string {
	_, name, _ := strings.Cut(f.Namespace(), ".")
	switch f.Tag() {
	case "required", "required_if", "required_unless":
		return name + " is missing"
	case "oneof":
		return fmt.Sprintf("%s must be one of %s", name, strings.Join(strings.Fields(f.Param()), ", "))
	case "plain":
		return name + " may not contain an address or control characters"
	case "max":
		return name + " is too long"
	}
	return name + " is not valid"
}
