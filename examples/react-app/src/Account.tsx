import { logout } from '@stepup-auth/client';
import { useSession, useStepUpClient } from '@stepup-auth/react';

export const Account = () => {
  const client = useStepUpClient();
  const { user } = useSession();
  return (
    <span className="account">
      <span className="who">{user?.email}</span>
      <button className="small" onClick={() => void logout(client)}>Sign out</button>
    </span>
  );
};
