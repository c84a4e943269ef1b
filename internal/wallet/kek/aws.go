package kek

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/stepup-auth/stepup/internal/fault"
)

// awsTimeout bounds one question to AWS KMS, retries included.
const awsTimeout = 10 * time.Second

// awsKey is a symmetric key of AWS KMS, which never leaves it. Credentials come from
// where AWS programs look for them: environment, profile, container, instance.
type awsKey struct {
	client  *kms.Client
	arn     string
	timeout time.Duration
}

// awsTarget is what follows aws-kms: in the name of a key.
type awsTarget struct {
	key, region, endpoint string
	timeout               time.Duration
}

func parseAWS(text string) (awsTarget, error) {
	key, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil || key == "" || strings.ContainsAny(key, " \t\r\n#") {
		return awsTarget{}, errors.New("write aws-kms:KEY_ARN, with ?region=… and &endpoint=… if they are needed")
	}
	target := awsTarget{key: key, timeout: awsTimeout}
	for name, given := range values {
		value := given[0]
		switch {
		case len(given) > 1 || value == "":
			return awsTarget{}, fmt.Errorf("%s needs one value", name)
		case name == "region":
			target.region = value
		case name == "endpoint":
			if !safeEndpoint(value) {
				return awsTarget{}, errors.New("endpoint must be an https:// URL, or an http:// URL of this machine by its address")
			}
			target.endpoint = value
		case name == "timeout":
			if target.timeout, err = time.ParseDuration(value); err != nil || target.timeout <= 0 || target.timeout > time.Minute {
				return awsTarget{}, errors.New("timeout must be a duration up to 1m, as in 5s")
			}
		default:
			return awsTarget{}, fmt.Errorf("there is no option %q; the options are region, endpoint and timeout", name)
		}
	}
	if parsed, err := arn.Parse(key); err == nil {
		if parsed.Service != "kms" {
			return awsTarget{}, errors.New("the ARN is not one of KMS")
		}
		if target.region == "" {
			target.region = parsed.Region
		}
	}
	return target, nil
}

// safeEndpoint demands TLS but for this machine: what is wrapped travels in the clear.
func safeEndpoint(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && err == nil && address.IsLoopback()
}

func openAWS(ctx context.Context, text string) (Key, error) {
	target, err := parseAWS(text)
	if err != nil {
		return nil, fmt.Errorf("opening a root key of AWS KMS: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, target.timeout)
	defer cancel()
	var options []func(*config.LoadOptions) error
	if target.region != "" {
		options = append(options, config.WithRegion(target.region))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("opening a root key of AWS KMS: reading the AWS settings: %w", err)
	}
	if settings.Region == "" {
		return nil, errors.New("opening a root key of AWS KMS: no region; name the key by its ARN, or add ?region=…")
	}
	client := kms.NewFromConfig(settings, func(o *kms.Options) {
		if target.endpoint != "" {
			o.BaseEndpoint = aws.String(target.endpoint)
		}
	})
	found, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &target.key})
	if err != nil {
		return nil, fmt.Errorf(
			"opening a root key of AWS KMS: %w; the custodian needs kms:DescribeKey, kms:Encrypt and kms:Decrypt on its key", err)
	}
	about := found.KeyMetadata
	if about == nil || about.Arn == nil {
		return nil, errors.New("opening a root key of AWS KMS: the service does not say which key it is")
	}
	if about.KeySpec != types.KeySpecSymmetricDefault || about.KeyUsage != types.KeyUsageTypeEncryptDecrypt {
		return nil, fmt.Errorf("opening a root key of AWS KMS: %s is %s for %s; use a symmetric key for encryption", *about.Arn,
			about.KeySpec, about.KeyUsage)
	}
	if about.KeyState != types.KeyStateEnabled {
		return nil, fmt.Errorf("opening a root key of AWS KMS: %s is %s; enable it", *about.Arn, about.KeyState)
	}
	return &awsKey{client: client, arn: *about.Arn, timeout: target.timeout}, nil
}

// ID is the key's ARN. The copies of a multi-Region key are one key: their ARNs differ
// in the region, which is left out.
func (k *awsKey) ID() string {
	parsed, err := arn.Parse(k.arn)
	if err == nil && strings.HasPrefix(parsed.Resource, "key/mrk-") {
		parsed.Region = "*"
		return "aws-kms:" + parsed.String()
	}
	return "aws-kms:" + k.arn
}

func (k *awsKey) Wrap(ctx context.Context, plaintext []byte, about Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	out, err := k.client.Encrypt(ctx, &kms.EncryptInput{KeyId: &k.arn, Plaintext: plaintext, EncryptionContext: about})
	if err != nil {
		return nil, unanswered(err)
	}
	return out.CiphertextBlob, nil
}

func (k *awsKey) Unwrap(ctx context.Context, wrapped []byte, about Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	// KeyId makes the service refuse what another key has wrapped.
	out, err := k.client.Decrypt(ctx, &kms.DecryptInput{KeyId: &k.arn, CiphertextBlob: wrapped, EncryptionContext: about})
	if _, ok := errors.AsType[*types.InvalidCiphertextException](err); ok {
		return nil, ErrUnwrap
	}
	if _, ok := errors.AsType[*types.IncorrectKeyException](err); ok {
		return nil, ErrUnwrap
	}
	if err != nil {
		return nil, unanswered(err)
	}
	return out.Plaintext, nil
}

// unanswered is any other error: the service is away, or refuses this custodian.
func unanswered(err error) error {
	return fault.New(fault.Unavailable, "The key service does not open a key at the moment. Try again later.").Because(err)
}
