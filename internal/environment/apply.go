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
	return errors.Join(errs...)
}

// goesBack explains why an environment cannot be older than its birth.
func goesBack(e *Environment) string {
	return fmt.Sprintf("an environment created at %s cannot go back to %s: raise it, or, for an environment that was imported, set createdAtVersion: %q",
		e.CreatedAtVersion, e.MinAPIVersion, e.MinAPIVersion)
}
