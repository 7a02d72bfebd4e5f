import { controlMessageSchema } from './control-schema.ts';
import * as envelope from './envelope-schema.ts';
import * as frame from './frame-schema.ts';
import { loadReportSchema, targetLoadSchema } from './load-report-schema.ts';
import * as usage from './usage-event-schema.ts';
import { errorReasonSchema, wireErrorSchema } from './wire-error-schema.ts';

/** Every schema of the wire, by the name of its type. */
export const wireSchemas = {
  EnvelopeMeta: envelope.envelopeMetaSchema,
  Features: envelope.featuresSchema,
  BodyMarks: envelope.bodyMarksSchema,
  BodyPlace: envelope.bodyPlaceSchema,
  ClientInfo: envelope.clientInfoSchema,
  Principal: envelope.principalSchema,
  Grant: envelope.grantSchema,
  Attempt: envelope.attemptSchema,
  QueuedFrame: frame.queuedFrameSchema,
  AcceptedFrame: frame.acceptedFrameSchema,
  HeadFrame: frame.headFrameSchema,
  UsageFrame: frame.usageFrameSchema,
  EndFrame: frame.endFrameSchema,
  HandedBackFrame: frame.handedBackFrameSchema,
  WireError: wireErrorSchema,
  ErrorReason: errorReasonSchema,
  ControlMessage: controlMessageSchema,
  LoadReport: loadReportSchema,
  TargetLoad: targetLoadSchema,
  Usage: usage.usageSchema,
  AttemptStarted: usage.attemptStartedSchema,
  AttemptFinal: usage.attemptFinalSchema,
  StartedEvent: usage.startedEventSchema,
  FinalEvent: usage.finalEventSchema,
  UsageEvents: usage.usageEventsSchema,
} as const;
