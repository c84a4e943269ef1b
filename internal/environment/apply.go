package environment

import (
	"errors"
	"fmt"
)

// CheckApply judges the step from old (nil when new is created) to new by the
// rules about identity and versions: an environment keeps its id and the version
// it was created at, and is never older than that. A new one is therefore at
// [Newest] unless it says that it was created earlier, elsewhere.
func CheckApply(old, new *Environment) error {
	var errs []error
	if old != nil && old.ID != new.ID {
		errs = append(errs, fmt.Errorf("id: is %s and cannot change to %s: create another environment", old.ID, new.ID))
	}
	if old != nil && old.CreatedAtVersion != new.CreatedAtVersion {
		errs = append(errs, fmt.Errorf("createdAtVersion: is %s and cannot change: write createdAtVersion: %q",
			old.CreatedAtVersion, old.CreatedAtVersion))
	}
	if new.MinAPIVersion.Before(new.CreatedAtVersion) {
		errs = append(errs, fmt.Errorf("minApiVersion: %s", goesBack(new)))
	}
	if new.Sessions.DeviceRegistration && new.MinAPIVersion == Version20260101 {
		errs = append(errs, fmt.Errorf("sessions.deviceRegistration: %s", needsNewer))
	}
	return errors.Join(errs...)
}

// KeepVersions fills in what a document leaves out about versions from the
// environment in force: leaving the line out means "as it is". The document must
// be the one that next was parsed from.
func KeepVersions(document []byte, old, next *Environment) {
	root := newReport().compose(document)
	named := func(key string) bool {
		for i := 0; root != nil && i+1 < len(root.Content); i += 2 {
			if root.Content[i].Value == key {
				return true
			}
		}
		return false
	}
	if !named("minApiVersion") {
		next.MinAPIVersion = old.MinAPIVersion
	}
	if !named("createdAtVersion") {
		next.CreatedAtVersion = old.CreatedAtVersion
	}
}

// goesBack explains why an environment cannot be older than its birth.
func goesBack(e *Environment) string {
	return fmt.Sprintf(
		"an environment created at %s cannot go back to %s: raise it, or, for an environment that was imported, set createdAtVersion: %q",
		e.CreatedAtVersion, e.MinAPIVersion, e.MinAPIVersion)
}
