import { auditEventSchema } from './audit-event-schema.ts';
import { budgetsAnswerSchema, budgetsQuestionSchema } from './budget-status-schema.ts';
import * as canary from './canary-schemas.ts';
import { controlMessageSchema } from './control-schema.ts';
import * as envelope from './envelope-schema.ts';
import * as frame from './frame-schema.ts';
import { holdMessageSchema } from './hold-message-schema.ts';
import { loadReportSchema, targetLoadSchema } from './load-report-schema.ts';
import * as rated from './rated-event-schema.ts';
import { gossipedReservationSchema, reservationGossipSchema } from './reservation-gossip-schema.ts';
import { targetsAnswerSchema, targetsQuestionSchema } from './target-status-schema.ts';
import { tenantRecordSchema } from './tenant-record-schema.ts';
import { thresholdEventSchema, thresholdReachedSchema } from './threshold-event-schema.ts';
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
  ReservationGossip: reservationGossipSchema,
  GossipedReservation: gossipedReservationSchema,
  OutcomeReport: canary.outcomeReportSchema,
  OutcomeCounts: canary.outcomeCountsSchema,
  CanaryOutcomes: canary.canaryOutcomesSchema,
  CanaryState: canary.canaryStateSchema,
  CanaryChanged: canary.canaryChangedSchema,
  CanaryEvent: canary.canaryEventSchema,
  Usage: usage.usageSchema,
  AttemptStarted: usage.attemptStartedSchema,
  AttemptFinal: usage.attemptFinalSchema,
  StartedEvent: usage.startedEventSchema,
  FinalEvent: usage.finalEventSchema,
  UsageEvents: usage.usageEventsSchema,
  HoldMessage: holdMessageSchema,
  Rating: rated.ratingSchema,
  RatedDelta: rated.ratedDeltaSchema,
  LedgerSource: rated.ledgerSourceSchema,
  RatedUsage: rated.ratedUsageSchema,
  RatedEvent: rated.ratedEventSchema,
  LedgerCommit: rated.ledgerCommitSchema,
  ThresholdReached: thresholdReachedSchema,
  ThresholdEvent: thresholdEventSchema,
  TenantRecord: tenantRecordSchema,
  BudgetsQuestion: budgetsQuestionSchema,
  BudgetsAnswer: budgetsAnswerSchema,
  TargetsQuestion: targetsQuestionSchema,
  TargetsAnswer: targetsAnswerSchema,
  AuditEvent: auditEventSchema,
} as const;
