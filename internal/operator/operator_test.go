package operator_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/operator"
)

const shop, bank = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

// TestRoles is the whole table of who may do what.
func TestRoles(t *testing.T) {
	table := []struct {
		permission                         operator.Permission
		owner, developer, support, auditor bool
	}{
		{operator.EnvironmentsRead, true, true, true, true},
		{operator.EnvironmentsWrite, true, true, false, false},
		{operator.EnvironmentsWeaken, true, true, false, false},
		{operator.EnvironmentsCreate, true, false, false, false},
		{operator.EnvironmentsDelete, true, false, false, false},
		{operator.UsersRead, true, true, true, true},
		{operator.UsersWrite, true, false, true, false},
		{operator.AuditRead, true, true, true, true},
		{operator.TokensWrite, true, true, false, false},
		{operator.MembersWrite, true, false, false, false},
	}
	if len(table) != len(operator.Permissions) {
		t.Fatalf("the table has %d of %d permissions", len(table), len(operator.Permissions))
	}
	for _, row := range table {
		want := map[operator.Role]bool{operator.Owner: row.owner, operator.Developer: row.developer, operator.Support: row.support,
			operator.Auditor: row.auditor, "root": false, "": false}
		for role, may := range want {
			if role.May(row.permission) != may {
				t.Errorf("%q may %s: %v", role, row.permission, !may)
			}
		}
	}
}

func TestGrantsHoldWhereTheyAreGiven(t *testing.T) {
	ada := operator.Operator{Grants: []operator.Grant{{shop, operator.Owner}, {bank, operator.Auditor}}}
	for _, test := range []struct {
		permission  operator.Permission
		environment string
		may         bool
	}{
		{operator.UsersWrite, shop, true}, {operator.UsersWrite, bank, false}, {operator.UsersRead, bank, true},
		{operator.UsersRead, "33333333-3333-4333-8333-333333333333", false},
		{operator.EnvironmentsCreate, operator.Everywhere, false}, {operator.EnvironmentsRead, operator.Everywhere, false},
	} {
		if ada.May(test.permission, test.environment) != test.may {
			t.Errorf("%s in %q: %v", test.permission, test.environment, !test.may)
		}
	}
	all := operator.Operator{Grants: []operator.Grant{{operator.Everywhere, operator.Support}}}
	if !all.May(operator.UsersWrite, bank) || !all.Sees(shop) || !all.May(operator.UsersRead, operator.Everywhere) {
		t.Error("a grant for all environments does not hold in all")
	}
	if (operator.Operator{}).Sees(shop) {
		t.Error("an operator without grants sees an environment")
	}
}

// TestNobodyGivesMoreThanTheyHave is escalation by inviting.
func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	everywhere := operator.Operator{Grants: []operator.Grant{{operator.Everywhere, operator.Owner}}}
	ofShop := operator.Operator{Grants: []operator.Grant{{shop, operator.Owner}, {operator.Everywhere, operator.Auditor}}}
	for _, role := range operator.Roles {
		for _, environment := range []string{operator.Everywhere, shop, bank} {
			grant := operator.Grant{EnvironmentID: environment, Role: role}
			if !everywhere.MayGrant(grant) {
				t.Errorf("the owner of all may not grant %v", grant)
			}
			if ofShop.MayGrant(grant) != (environment == shop) {
				t.Errorf("the owner of one: grant %v: %v", grant, environment != shop)
			}
			for _, below := range operator.Roles[1:] {
				o := operator.Operator{Grants: []operator.Grant{{operator.Everywhere, below}}}
				if o.MayGrant(grant) {
					t.Errorf("%s may grant %v", below, grant)
				}
			}
		}
	}
	if everywhere.MayGrant(operator.Grant{EnvironmentID: shop, Role: "root"}) {
		t.Error("a role that does not exist can be granted")
	}
}
