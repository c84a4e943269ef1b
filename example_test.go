package stepup_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// tb is what examples have in place of a test's t.
var tb testing.TB = exampleTB{}

type exampleTB struct{ testing.TB }

func (exampleTB) Helper()        {}
func (exampleTB) Cleanup(func()) {} // examples end with the process
func (exampleTB) Fatal(args ...any) {
	panic(fmt.Sprint(args...))
}

// show posts to url, headers given as name, value, and prints the answer.
func show(url string, headers ...string) {
	request, err := http.NewRequest(http.MethodPost, url, nil)
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.TrimSpace(response.Status[:3] + " " + response.Header.Get("WWW-Authenticate")))
	if response.StatusCode < 400 {
		fmt.Println(string(body))
	}
}
