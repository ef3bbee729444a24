/// The state machine of a campaign. Every change of a status is one of these rows.
///
///     queued -> running -> finished | failed
///        ^         |-> paused | stopped     on request: before the next step, or at once
///        |         |-> interrupted          the process in the foreground was asked to stop
///        |         '-> queued               the daemon ends, or a rollback waits
///        '---- paused, stopped, interrupted, failed, finished
public enum CampaignTransition: String, Sendable, CaseIterable {
    case enqueue, run, finish, fail, pause, stop, interrupt, requeue

    /// The statuses in which it is possible.
    public var from: Set<CampaignRecord.Status> {
        switch self {
        case .enqueue: [.paused, .stopped, .interrupted, .failed, .finished]
        // A campaign that a killed process left behind is still called running.
        case .run: Set(CampaignRecord.Status.allCases)
        case .finish, .interrupt, .requeue: [.running]
        case .fail: [.queued, .running]
        case .pause: [.queued, .running, .interrupted]
        case .stop: [.queued, .running, .interrupted, .paused, .failed]
        }
    }

    public var to: CampaignRecord.Status {
        switch self {
        case .enqueue, .requeue: .queued
        case .run: .running
        case .finish: .finished
        case .fail: .failed
        case .pause: .paused
        case .stop: .stopped
        case .interrupt: .interrupted
        }
    }

    /// The event that records it.
    public var event: EventRecord.Kind {
        switch self {
        case .enqueue: .queued
        case .run: .resumed
        case .finish: .finished
        case .fail: .failed
        case .pause: .paused
        case .stop: .stopped
        case .interrupt, .requeue: .interrupted
        }
    }

    /// - Throws: `.refused` where it is not possible.
    func check(_ record: CampaignRecord) throws {
        guard from.contains(record.status) else { throw refusal(of: record) }
    }

    /// Why a campaign stays as it is.
    public func refusal(of record: CampaignRecord) -> SelfImproveError {
        let isUnderWay = self == .enqueue
        return SelfImproveError(
            .refused,
            "the campaign is \(record.status.rawValue)\(isUnderWay ? " already" : "")",
            context: record.name,
            hint: isUnderWay ? "selfimprove watch \(record.name)" : "there is nothing to \(rawValue)"
        )
    }
}
