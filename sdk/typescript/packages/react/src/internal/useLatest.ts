'use client';
import { useInsertionEffect, useRef } from 'react';

/** A box with what the last drawing gave, for functions that stay the same. Read it in handlers and effects, never while drawing. */
export const useLatest = <T>(value: T): { readonly current: T } => {
  const latest = useRef(value);
  useInsertionEffect(() => {
    latest.current = value;
  });
  return latest;
};
