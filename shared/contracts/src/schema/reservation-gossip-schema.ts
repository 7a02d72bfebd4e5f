import * as z from 'zod';
import { nameField } from '../config/fields.ts';
import { countField, instanceField } from './wire-fields.ts';

export const gossipedReservationSchema = z
  .object({
    pool: nameField,
    instance: instanceField.describe('Adapter instance.'),
    target: nameField,
    dispatch: countField.describe("The scheduler's dispatch number for the instance."),
    tokens: countField.describe('Input tokens.'),
  })
  .readonly();

export const reservationGossipSchema = z
  .object({
    v: z.literal(1),
    scheduler: instanceField,
    reservations: z
      .array(gossipedReservationSchema)
      .readonly()
      .describe('In order of dispatch. Empty: the scheduler is there.'),
    waiting: z
      .record(nameField, countField)
      .exactOptional()
      .describe('Requests that wait at this scheduler, by pool.'),
    leaving: z.boolean().exactOptional().describe('It takes nothing any more.'),
  })
  .readonly();
