// Package doctest holds the documentation to what it says. Every code block of
// the README, of docs and of the READMEs of examples runs or says why it cannot;
// every link leads somewhere; and what a page lists (routes, codes, settings, keys
// of a document, limits, dependencies, words) is compared with the code.
//
// The tests live here and not beside the pages, so that docs holds nothing but pages.
package doctest
