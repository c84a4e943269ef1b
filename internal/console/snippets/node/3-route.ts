// Guard a route
import { forExpress } from '@stepup-auth/server';
import express from 'express';
import { guard } from './guard.js';

const { require } = forExpress(guard);

express().post('/transfers', require({{literal .Scope}}), (_, response) => {
  response.status(201).json({});
});
