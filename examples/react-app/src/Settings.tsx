import { environments, type Version } from './settings.js';
import { Card } from './parts.js';

/** Which version of the API: that of an environment. An app that is being moved has one, and it changes under it. */
export const Settings = ({ version, onVersion }: { version: Version; onVersion: (version: Version) => void }) => (
  <Card name="settings" title="API version" hint={environments[version].hint}>
    <div className="switch" role="radiogroup" aria-labelledby="settings-title">
      {(Object.keys(environments) as Version[]).map((each) => (
        <label key={each}>
          <input type="radio" name="version" value={each} checked={each === version} onChange={() => onVersion(each)} />
          <span>{environments[each].name}<code>{each}</code></span>
        </label>
      ))}
    </div>
  </Card>
);
