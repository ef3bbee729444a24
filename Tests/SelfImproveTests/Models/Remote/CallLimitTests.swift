import LocalLM
import Testing

@testable import SelfImprove

@Suite struct ConcurrencyLimitTests {
    @Test("never more than allowed at the same time, and all get their turn")
    func bounded() async {
        let limit = ConcurrencyLimit(3), now = Shared((inside: 0, most: 0, done: 0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    #expect(await limit.acquire())
                    now.change { now in
                        now.inside += 1
                        now.most = max(now.most, now.inside)
                    }
                    await Task.yield()
                    now.change { now in
                        now.inside -= 1
                        now.done += 1
                    }
                    limit.release()
                }
            }
        }
        #expect(now.value.most == 3)
        #expect(now.value.done == 200)
        #expect(limit.waiting == 0)
    }

    @Test("who came first goes first; who gives up is passed over and costs no place")
    func order() async throws {
        let limit = ConcurrencyLimit(1), order = Shared<[Int]>([])
        #expect(await limit.acquire())
        var tasks: [Task<Bool, Never>] = []
        for number in 0..<20 {
            tasks.append(
                Task {
                    guard await limit.acquire() else { return false }
                    order.change { $0.append(number) }
                    limit.release()
                    return true
                }
            )
            while limit.waiting <= number { await Task.yield() }
        }
        for number in stride(from: 0, to: 20, by: 3) { tasks[number].cancel() }
        while limit.waiting > 13 { await Task.yield() }
        limit.release()
        for (number, task) in tasks.enumerated() { #expect(await task.value == (number % 3 != 0)) }
        #expect(order.value == (0..<20).filter { $0 % 3 != 0 })
        #expect(await limit.acquire(), "the place is free again")
    }
}

@Suite struct RateLimiterTests {
    @Test("no minute has more requests than allowed, and they start in order", arguments: [1, 7, 60, 1000])
    func requests(_ perMinute: Int) async {
        let time = VirtualClock()
        let limiter = RateLimiter(requestsPerMinute: perMinute, tokensPerMinute: nil, clock: time.clock)
        var starts: [Double] = []
        for _ in 0..<(perMinute * 3) {
            #expect(await limiter.acquire(tokens: 5))
            starts.append(time.now)
        }
        #expect(starts == starts.sorted())
        for (index, start) in starts.enumerated() {
            #expect(starts[index...].prefix { $0 < start + 60 - 1e-6 }.count <= perMinute)
        }
        #expect(abs(starts.last! - 60 / Double(perMinute) * Double(starts.count - 1)) < 1e-6, "and none is lost")
    }

    @Test("tokens are reserved by estimate and settled by use")
    func tokens() async {
        let time = VirtualClock()
        let limiter = RateLimiter(requestsPerMinute: nil, tokensPerMinute: 600, clock: time.clock)
        #expect(await limiter.acquire(tokens: 300))
        #expect(time.now == 0)
        limiter.settle(reserved: 300, used: 100)
        #expect(await limiter.acquire(tokens: 10))
        #expect(abs(time.now - 10) < 1e-9, "100 tokens at 10 a second")
    }

    @Test("who is cancelled uses nothing up")
    func cancelled() async {
        let time = VirtualClock()
        let limiter = RateLimiter(requestsPerMinute: 1, tokensPerMinute: nil, clock: time.clock)
        #expect(await limiter.acquire(tokens: 0))
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await limiter.acquire(tokens: 0)
        }
        task.cancel()
        #expect(await task.value == false)
        #expect(await limiter.acquire(tokens: 0))
        #expect(time.now == 60)
    }

    @Test("without limits nobody waits")
    func unlimited() async {
        let time = VirtualClock()
        let limiter = RateLimiter(requestsPerMinute: nil, tokensPerMinute: nil, clock: time.clock)
        for _ in 0..<100 { #expect(await limiter.acquire(tokens: 1 << 40)) }
        #expect(time.waits.isEmpty)
    }
}
