import { TokenScope } from '@dynamic-labs/sdk-api-core';
import { useStepUpAuthentication } from '@dynamic-labs/sdk-react-core';

export const ExportKey = ({ exportPrivateKey, ended }) => {
  const { isStepUpRequired, promptStepUpAuth } = useStepUpAuthentication();
  const onExport = async () => {
    if (await isStepUpRequired({ scope: TokenScope.Walletexport })) {
      await promptStepUpAuth({ requestedScopes: [TokenScope.Walletexport] });
    }
    return exportPrivateKey();
  };
  return <button onClick={() => ended(onExport())}>Export</button>;
};
