import { TokenScope } from '@dynamic-labs/sdk-api-core';
import { useStepUpAuthentication } from '@dynamic-labs/sdk-react-core';

export const ExportKey = ({ code, exportPrivateKey, ended }) => {
  const { isStepUpRequired, verifyTotpMfa } = useStepUpAuthentication();
  const onExport = async () => {
    if (await isStepUpRequired({ scope: TokenScope.Walletexport })) {
      await verifyTotpMfa({ code, requestedScopes: [TokenScope.Walletexport] });
    }
    return exportPrivateKey();
  };
  return <button onClick={() => ended(onExport())}>Export</button>;
};
