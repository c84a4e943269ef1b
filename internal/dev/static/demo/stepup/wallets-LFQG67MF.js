import{a}from"./chunk-NBSJFMM5.js";export{a as findWallets};
