import { expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import type { Attempt } from '../attempt.ts';
import type { ControlMessage } from '../control.ts';
import type {
  BodyMarks,
  BodyPlace,
  ClientInfo,
  EnvelopeMeta,
  Features,
  Grant,
  Principal,
} from '../envelope.ts';
import type { ErrorReason } from '../error-code.ts';
import type {
  AcceptedFrame,
  EndFrame,
  HandedBackFrame,
  HeadFrame,
  QueuedFrame,
  UsageFrame,
} from '../frame.ts';
import type { HoldMessage } from '../hold-message.ts';
import type { LoadReport, TargetLoad } from '../load-report.ts';
import type { LedgerCommit, RatedDelta, RatedEvent, RatedUsage, Rating } from '../rated-event.ts';
import type { TargetsAnswer, TargetsQuestion } from '../target-status.ts';
import type { TenantRecord } from '../tenant-record.ts';
import type { ThresholdEvent } from '../threshold-event.ts';
import type { AttemptFinal, AttemptStarted, Usage } from '../usage.ts';
import type { FinalEvent, StartedEvent, UsageEvent } from '../usage-event.ts';
import type { WireError } from '../weir-error.ts';
import type { controlMessageSchema } from './control-schema.ts';
import type * as envelope from './envelope-schema.ts';
import type * as frame from './frame-schema.ts';
import type { holdMessageSchema } from './hold-message-schema.ts';
import type { loadReportSchema, targetLoadSchema } from './load-report-schema.ts';
import type * as rated from './rated-event-schema.ts';
import type { targetsAnswerSchema, targetsQuestionSchema } from './target-status-schema.ts';
import type { tenantRecordSchema } from './tenant-record-schema.ts';
import type { thresholdEventSchema } from './threshold-event-schema.ts';
import type * as usage from './usage-event-schema.ts';
import type { errorReasonSchema, wireErrorSchema } from './wire-error-schema.ts';

// These hold in `npm run typecheck`: a field that is added, removed, retyped or made optional on one side only fails it.

test('the schemas of an envelope describe exactly its types', () => {
  expectTypeOf<z.infer<typeof envelope.featuresSchema>>().toEqualTypeOf<Features>();
  expectTypeOf<z.infer<typeof envelope.bodyMarksSchema>>().toEqualTypeOf<BodyMarks>();
  expectTypeOf<z.infer<typeof envelope.bodyPlaceSchema>>().toEqualTypeOf<BodyPlace>();
  expectTypeOf<z.infer<typeof envelope.clientInfoSchema>>().toEqualTypeOf<ClientInfo>();
  expectTypeOf<z.infer<typeof envelope.principalSchema>>().toEqualTypeOf<Principal>();
  expectTypeOf<z.infer<typeof envelope.grantSchema>>().toEqualTypeOf<Grant>();
  expectTypeOf<z.infer<typeof envelope.attemptSchema>>().toEqualTypeOf<Attempt>();
  expectTypeOf<z.infer<typeof envelope.envelopeMetaSchema>>().toEqualTypeOf<EnvelopeMeta>();
});

test('the schemas of frames and control messages describe exactly their types', () => {
  expectTypeOf<z.infer<typeof frame.queuedFrameSchema>>().toEqualTypeOf<QueuedFrame>();
  expectTypeOf<z.infer<typeof frame.acceptedFrameSchema>>().toEqualTypeOf<AcceptedFrame>();
  expectTypeOf<z.infer<typeof frame.headFrameSchema>>().toEqualTypeOf<HeadFrame>();
  expectTypeOf<z.infer<typeof frame.usageFrameSchema>>().toEqualTypeOf<UsageFrame>();
  expectTypeOf<z.infer<typeof frame.endFrameSchema>>().toEqualTypeOf<EndFrame>();
  expectTypeOf<z.infer<typeof frame.handedBackFrameSchema>>().toEqualTypeOf<HandedBackFrame>();
  expectTypeOf<z.infer<typeof controlMessageSchema>>().toEqualTypeOf<ControlMessage>();
});

test('the schemas of errors and load reports describe exactly their types', () => {
  expectTypeOf<z.infer<typeof errorReasonSchema>>().toEqualTypeOf<ErrorReason>();
  expectTypeOf<z.infer<typeof wireErrorSchema>>().toEqualTypeOf<WireError>();
  expectTypeOf<z.infer<typeof targetLoadSchema>>().toEqualTypeOf<TargetLoad>();
  expectTypeOf<z.infer<typeof loadReportSchema>>().toEqualTypeOf<LoadReport>();
});

test('the schemas of usage events describe exactly their types', () => {
  expectTypeOf<z.infer<typeof usage.usageSchema>>().toEqualTypeOf<Usage>();
  expectTypeOf<z.infer<typeof usage.attemptStartedSchema>>().toEqualTypeOf<AttemptStarted>();
  expectTypeOf<z.infer<typeof usage.attemptFinalSchema>>().toEqualTypeOf<AttemptFinal>();
  expectTypeOf<z.infer<typeof usage.startedEventSchema>>().toEqualTypeOf<StartedEvent>();
  expectTypeOf<z.infer<typeof usage.finalEventSchema>>().toEqualTypeOf<FinalEvent>();
  expectTypeOf<z.infer<typeof usage.usageEventSchema>>().toEqualTypeOf<UsageEvent>();
  expectTypeOf<z.infer<typeof usage.usageEventsSchema>>().toEqualTypeOf<readonly UsageEvent[]>();
});

test('the schemas of the ledger describe exactly its types', () => {
  expectTypeOf<z.infer<typeof rated.ratingSchema>>().toEqualTypeOf<Rating>();
  expectTypeOf<z.infer<typeof rated.ratedDeltaSchema>>().toEqualTypeOf<RatedDelta>();
  expectTypeOf<z.infer<typeof rated.ratedUsageSchema>>().toEqualTypeOf<RatedUsage>();
  expectTypeOf<z.infer<typeof rated.ratedEventSchema>>().toEqualTypeOf<RatedEvent>();
  expectTypeOf<z.infer<typeof rated.ledgerCommitSchema>>().toEqualTypeOf<LedgerCommit>();
});

test('the schemas of holds and alerts describe exactly their types', () => {
  expectTypeOf<z.infer<typeof holdMessageSchema>>().toEqualTypeOf<HoldMessage>();
  expectTypeOf<z.infer<typeof thresholdEventSchema>>().toEqualTypeOf<ThresholdEvent>();
});

// Limits are those of the configuration, whose schemas do not say readonly.
test('the schema of tenant records describes their type', () => {
  expectTypeOf<z.infer<typeof tenantRecordSchema>>().toExtend<TenantRecord>();
  expectTypeOf<TenantRecord>()
    .toHaveProperty('kind')
    .toEqualTypeOf<z.infer<typeof tenantRecordSchema>['kind']>();
  expectTypeOf<z.infer<typeof targetsQuestionSchema>>().toEqualTypeOf<TargetsQuestion>();
  expectTypeOf<z.infer<typeof targetsAnswerSchema>>().toEqualTypeOf<TargetsAnswer>();
});
