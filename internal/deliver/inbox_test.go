package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
)

func TestInbox(t *testing.T) {
	clock := at
	inbox := &deliver.Inbox{Now: func() time.Time { return clock }}
	if list := inbox.List(); len(list) != 0 {
		t.Fatalf("a new inbox has %d messages", len(list))
	}
	for i := range 250 {
		m := message()
		m.To = fmt.Sprintf("user%d@example.test", i)
		if err := inbox.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(time.Second)
	}
	list := inbox.List()
	if len(list) != 200 {
		t.Fatalf("the inbox keeps %d messages, want 200", len(list))
	}
	newest, oldest := list[0], list[199]
	if newest.To != "user249@example.test" || newest.ID != "250" || !newest.At.Equal(at.Add(249*time.Second)) {
		t.Errorf("newest is %s, %s at %s", newest.ID, newest.To, newest.At)
	}
	if oldest.To != "user50@example.test" || oldest.ID != "51" {
		t.Errorf("oldest is %s, %s", oldest.ID, oldest.To)
	}
	list[0].To = "changed"
	if inbox.List()[0].To == "changed" {
		t.Error("List hands out the inbox's own messages")
	}
	inbox.Clear()
	if len(inbox.List()) != 0 {
		t.Error("messages are left after Clear")
	}
	if err := inbox.Send(t.Context(), message()); err != nil || inbox.List()[0].ID != "251" {
		t.Errorf("after Clear: %v, ids start again", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := inbox.Send(gone, message()); !errors.Is(err, context.Canceled) || deliver.Permanent(err) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestInboxAtOnce(t *testing.T) {
	var inbox deliver.Inbox
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if err := inbox.Send(t.Context(), message()); err != nil {
					t.Error(err)
				}
				inbox.List()
			}
		})
	}
	wg.Wait()
	if got := len(inbox.List()); got != 200 {
		t.Errorf("%d messages, want 200", got)
	}
}
