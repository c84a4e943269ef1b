package account

import (
	"errors"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// News is something a person is told of, in the form of each channel.
type News struct {
	mail func(deliver.Notice) deliver.Message
	text func(deliver.Notice) deliver.Text
}

// Deleted is the news that the account is gone.
var Deleted = News{deliver.UserDeleted, deliver.UserDeletedText}

var reset = News{deliver.FactorsReset, deliver.FactorsResetText}

func linked(what deliver.Thing) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.CredentialLinked(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.CredentialLinkedText(n, what) },
	}
}

func recovering(what deliver.Thing) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.Recovery(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.RecoveryText(n, what) },
	}
}

func unlinked(what deliver.Thing) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.CredentialUnlinked(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.CredentialUnlinkedText(n, what) },
	}
}

func renamed(what deliver.Thing) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.CredentialRenamed(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.CredentialRenamedText(n, what) },
	}
}

func recovered(left int) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.RecoveryCodeUsed(n, left) },
		func(n deliver.Notice) deliver.Text { return deliver.RecoveryCodeUsedText(n, left) },
	}
}

func changed(to string) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.AddressChanged(n, to) },
		func(n deliver.Notice) deliver.Text { return deliver.AddressChangedText(n, to) },
	}
}

func disputed(what deliver.Thing) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.ChangeDisputed(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.ChangeDisputedText(n, what) },
	}
}

func settled(what deliver.Thing, kept bool) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.DisputeSettled(n, what, kept) },
		func(n deliver.Notice) deliver.Text { return deliver.DisputeSettledText(n, what, kept) },
	}
}

// textNotices bounds what one account's changes cost; mail goes on.
var textNotices = environment.Rate{Count: 20, Per: environment.Duration(24 * time.Hour)}

// notifier writes the news to the owner of an address of one kind.
type notifier func(c who.Caller, tx *store.Tx, row store.CredentialRow, n deliver.Notice, news News) error

// Notify tells the owner of an address, where it is one that can be written to
// in the caller's environment. The notice needs no sender, recipient or app name.
func Notify(c who.Caller, tx *store.Tx, row store.CredentialRow, n deliver.Notice, news News) error {
	notify := KindOf(row.Format).notify
	if notify == nil {
		return nil
	}
	style, err := StyleFor(c, tx, row.UserID)
	if err != nil {
		return err
	}
	n.AppName, n.From, n.To, n.Style = c.Tenant.Mail.AppName, c.Tenant.MailFrom, row.PublicIdentifier, style
	return notify(c, tx, row, n, news)
}

// StyleFor is how a message to the user is written: in the language of their profile.
// What the request accepts decides only where the profile says nothing and the user
// asks themselves: notices warn of strangers, who may send any header.
func StyleFor(c who.Caller, tx *store.Tx, userID string) (deliver.Style, error) {
	user, err := tx.User(c.Tenant.ID, userID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return deliver.Style{}, err
	}
	var profile Profile
	if err == nil {
		if profile, err = ReadProfile(user); err != nil {
			return deliver.Style{}, fmt.Errorf("reading the profile of user %s: %w", userID, err)
		}
	}
	accepted := ""
	if c.Session != nil && c.Session.UserID == userID {
		accepted = c.AcceptLanguage
	}
	return c.Tenant.Style(profile.Language, accepted), nil
}

func mail(c who.Caller, tx *store.Tx, _ store.CredentialRow, n deliver.Notice, news News) error {
	return outbox.Enqueue(tx, c.Tenant.ID, news.mail(n), outbox.NoticeLife)
}

func text(c who.Caller, tx *store.Tx, row store.CredentialRow, n deliver.Notice, news News) error {
	detail, err := ReadDetail(row.Detail)
	if err != nil {
		return fmt.Errorf("reading credential %s: %w", row.ID, err)
	}
	if !c.Tenant.SMS.Texts(detail.ISOCountryCode) {
		return nil
	}
	if ok, _, err := limit.Take(tx, limit.For(tx, "sms-notices", c.Tenant.ID, row.UserID), textNotices); err != nil || !ok {
		return err
	}
	return outbox.EnqueueText(tx, c.Tenant.ID, news.text(n), outbox.NoticeLife)
}
