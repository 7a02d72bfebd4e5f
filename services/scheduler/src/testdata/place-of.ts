import { createPlace, type Place } from '../core/place.ts';

/** A place with room for ten attempts and nothing to do. */
export const placeOf = (target: string, given: Partial<Place> = {}): Place => ({
  ...createPlace('adapter-a', target, { running: given.running ?? 0 }),
  capacity: 10,
  isOpen: true,
  ...given,
});
