package deliver

import (
	"fmt"
	"net/http"
	"reflect"

	"github.com/stepup-auth/stepup/internal/secret"
)

// Sign signs a webhook's body by a secret as operators write it.
func Sign(s secret.Text, id, at, body string) string {
	key, err := signingKey(s)
	if err != nil {
		panic(err)
	}
	return sign(key, id, at, []byte(body))
}

// CheckSender reports why from cannot be the sender of a mail.
func CheckSender(from string) error {
	_, err := parseSender(from)
	return err
}

// SetClient has a texter trust a test's server.
func SetClient(s *SMS, client *http.Client) { s.client = client }

// Sentences are all that messages say in a language, by the path of each.
func Sentences(language string) map[string]string {
	found := map[string]string{}
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(path+"."+key.String(), v.MapIndex(key))
			}
		case reflect.Array:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s.%d", path, i), v.Index(i))
			}
		default:
			found[path] = v.String()
		}
	}
	walk(language, reflect.ValueOf(*in(language)))
	return found
}
