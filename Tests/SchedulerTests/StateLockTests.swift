import Foundation
import SelfImprove
import Testing
import TestSupport

@testable import Scheduler

@Suite struct StateLockTests {
    @Test func onlyOneHoldsAStateAndTheOtherIsToldWho() throws {
        try withTemporaryDirectory { state in
            let lock = try StateLock.acquire(state: state)
            #expect(StateLock.holder(state) == getpid())
            #expect { try StateLock.acquire(state: state) } throws: {
                ($0 as? SelfImproveError)?.code == .busy && "\($0)".contains("\(getpid())")
            }
            lock.release()
            #expect(StateLock.holder(state) == nil)
            try StateLock.acquire(state: state).release()
        }
    }
}
