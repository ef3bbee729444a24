import Foundation
import LocalLM
import Testing

@testable import SelfImprove

@Suite struct RetryPolicyTests {
    @Test("only what may succeed the next time is tried again")
    func statuses() {
        let retried = (100..<600).filter(RetryPolicy.isRetried)
        #expect(retried == [408, 429, 500, 502, 503, 504, 529])
    }

    @Test("waits are drawn evenly below a bound that doubles up to the cap, and are the same for the same key")
    func jitter() {
        let policy = RetryPolicy()
        for (failures, bound) in [(1, 0.5), (2, 1), (3, 2), (7, 30), (8, 30), (1000, 30)] {
            var random = RandomStream(key: 11), again = RandomStream(key: 11)
            let waits = (0..<2000).map { _ in policy.wait(afterFailures: failures, asked: nil, random: &random) }
            #expect(waits.allSatisfy { (0..<bound).contains($0) })
            #expect(abs(waits.reduce(0, +) / 2000 - bound / 2) < bound / 40)
            #expect(policy.wait(afterFailures: failures, asked: nil, random: &again) == waits[0])
        }
    }

    @Test("what an endpoint asks for is waited, up to ten minutes, and at most a second longer")
    func asked() {
        var random = RandomStream(key: 3)
        for (asked, least) in [(0.0, 0.0), (7, 7), (1e9, 600), (-5, 0)] {
            let wait = RetryPolicy().wait(afterFailures: 1, asked: asked, random: &random)
            #expect((least...least + 1).contains(wait))
        }
    }

    @Test(
        "Retry-After is seconds or a date; retry-after-ms is more exact and goes first",
        arguments: [
            ("Retry-After", "12", 12.0), ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("retry-after", "Thu, 29 Feb 1996 00:00:00 GMT", 41_440_223),
            ("Retry-After-Ms", "250", 0.25), ("retry-after", "0", 0), ("retry-after", "soon", nil),
            ("retry-after", "-1", nil),
            ("retry-after", "", nil), ("retry-after", "1e400", nil),
            ("retry-after", "Sun, 99 Nov 1994 08:49:37 GMT", nil),
            ("retry-after", "Sunday, 06-Nov-94 08:49:37 GMT", nil), ("x", "1", nil),
        ]
    )
    func headers(_ name: String, _ value: String, _ seconds: Double?) {
        let now = Date(timeIntervalSince1970: VirtualClock.start)
        #expect(RetryAfter.seconds(HTTPReply(429, "", [.init(name, value)]), now: now) == seconds)
    }

    @Test("dates agree with Foundation's on every day of a century")
    func dates() {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for day in stride(from: 0, to: 36_525, by: 7) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400 + 12_345)
            let reply = HTTPReply(429, "", [.init("retry-after", format.string(from: date))])
            #expect(RetryAfter.seconds(reply, now: Date(timeIntervalSince1970: 0)) == date.timeIntervalSince1970)
        }
    }
}

@Suite struct CircuitBreakerTests {
    private func opened(at now: Double = 0) -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<5 { breaker.failed(.go, at: now) }
        return breaker
    }

    @Test("five failures in a row open it; a success among them does not let it come to that")
    func opening() {
        #expect(opened().state == .open)
        var breaker = CircuitBreaker()
        for _ in 0..<20 {
            for _ in 0..<4 { breaker.failed(.go, at: 0) }
            breaker.succeeded()
        }
        #expect(breaker.state == .closed)
        #expect(breaker.admit(at: 0) == .go)
    }

    @Test("after 30 seconds one call probes; each failure doubles the pause, to five minutes")
    func probing() {
        var breaker = opened(), now = 0.0
        for pause in [30.0, 60, 120, 240, 300, 300] {
            #expect(breaker.admit(at: now) == .wait(pause))
            #expect(breaker.admit(at: now + pause - 1) == .wait(1))
            now += pause
            #expect(breaker.admit(at: now) == .probe)
            #expect(breaker.admit(at: now) == .wait(1), "one probe at a time")
            breaker.failed(.go, at: now)
            #expect(breaker.state == .halfOpen, "a call from before says nothing new")
            breaker.failed(.probe, at: now)
        }
        #expect(breaker.admit(at: now + 300) == .probe)
        breaker.succeeded()
        #expect(breaker.admit(at: now + 300) == .go)
        for _ in 0..<5 { breaker.failed(.go, at: now) }
        #expect(breaker.admit(at: now) == .wait(30), "the pause begins at 30 s again")
    }

    @Test("a probe that is cancelled leaves its turn to another call")
    func abandoned() {
        var breaker = opened()
        #expect(breaker.admit(at: 30) == .probe)
        breaker.abandoned(.probe, at: 31)
        #expect(breaker.admit(at: 31) == .probe)
    }
}
