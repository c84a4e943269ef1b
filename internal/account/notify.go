package account

import (
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

func linked(what string) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.CredentialLinked(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.CredentialLinkedText(n, what) },
	}
}

func unlinked(what string) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.CredentialUnlinked(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.CredentialUnlinkedText(n, what) },
	}
}

func renamed(what string) News {
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

func disputed(what string) News {
	return News{
		func(n deliver.Notice) deliver.Message { return deliver.ChangeDisputed(n, what) },
		func(n deliver.Notice) deliver.Text { return deliver.ChangeDisputedText(n, what) },
	}
}

func settled(what string, kept bool) News {
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
	n.AppName, n.From, n.To = c.Tenant.Mail.AppName, c.Tenant.MailFrom, row.PublicIdentifier
	return notify(c, tx, row, n, news)
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
