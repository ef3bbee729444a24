import Foundation

extension StopCriterion {
    /// Every criterion, in the order in which they are looked at.
    public static let all =
        [
            StopCriterion("rounds", .count, "rounds in all") { limit, now in
                now.rounds >= limit ? "\(now.rounds) of \(limit) rounds are done" : nil
            } forecast: { limit, _ in
                Double(limit)
            },

            StopCriterion(
                "target_score",
                .number("above 0, at most 1", pattern: #"0\.[0-9]*[1-9]|1"#) { $0 > 0 && $0 <= 1 },
                "the champion's score on the gate set, 0 to 1, by the lower end of its interval"
            ) { target, now in
                guard let score = now.score, score.low >= target else { return nil }
                return String(
                    format: "the target score of %.1f%% is reached: %.1f%% (%.1f to %.1f, n = %d)",
                    100 * target,
                    100 * score.value,
                    100 * score.low,
                    100 * score.high,
                    score.n
                )
            },

            StopCriterion("patience", .count, "rounds in a row without a promotion") { limit, now in
                guard now.roundsWithoutPromotion >= limit else { return nil }
                return "\(now.roundsWithoutPromotion) rounds in a row without a significant gain (patience is \(limit))"
            },

            // The gate is off, or its set is overfitted.
            StopCriterion(
                "regression",
                .number("from 0 to below 1", pattern: #"0|0\.[0-9]+"#) { $0 >= 0 && $0 < 1 },
                "the champion's loss against its best ancestor on the report set: 0.02 is 2 points"
            ) { limit, now in
                guard let drop = try now.drop(), drop.low > limit else { return nil }
                return String(
                    format: "the champion lost %.1f points (%.1f to %.1f, n = %d) against the best before it; "
                        + "regression is %.1f",
                    100 * drop.value,
                    100 * drop.low,
                    100 * drop.high,
                    drop.n,
                    100 * limit
                )
            },

            StopCriterion("wall_clock", .duration, "time of running, over restarts: 90s, 30m, 6h, 2d") { limit, now in
                now.seconds >= limit
                    ? String(format: "it ran for %.0f s; the limit is %.0f s", now.seconds, limit) : nil
            } forecast: { limit, expected in
                expected.rounds(until: limit)
            },

            StopCriterion("tokens", .count, "tokens generated, scored and trained") { limit, now in
                now.tokens >= limit ? "it used \(now.tokens) tokens; the limit is \(limit)" : nil
            } forecast: { limit, expected in
                Double(limit - expected.preparationTokens) / Double(max(expected.roundTokens, 1))
            },

            StopCriterion(
                "money",
                .number("above 0", pattern: "[1-9][0-9]{0,6}") { $0 > 0 },
                "the cost of running, in the currency of price_per_hour",
                missing: {
                    $0.pricePerHour == nil
                        ? ("is counted by price_per_hour, which is off", "say what an hour of this machine costs") : nil
                },
                reason: { limit, now in
                    now.money >= limit ? String(format: "it cost %.2f; the limit is %.2f", now.money, limit) : nil
                },
                forecast: { limit, expected in
                    expected.pricePerHour.map { expected.rounds(until: limit / $0 * 3600) }
                }
            ),

            StopCriterion("deadline", .moment, "no round begins after it: 2026-12-01T08:00:00Z") { limit, now in
                now.now >= limit.date ? "the deadline has passed: \(limit)" : nil
            } forecast: { limit, expected in
                expected.rounds(until: limit.date.timeIntervalSince(expected.now))
            },

            StopCriterion("disk", .bytes, "the size of the state directory: 500MB, 20GB") { limit, now in
                let bytes = try now.diskBytes()
                guard bytes >= limit else { return nil }
                return "the state directory takes \(ByteCount.words(bytes / 1_000_000 * 1_000_000)); "
                    + "the limit is \(ByteCount.words(limit))"
            } forecast: { limit, expected in
                Double(limit - expected.bytes) / Double(max(expected.roundBytes, 1))
            },

            StopCriterion("prompts", .count, "fresh prompts that must be left for another round") { limit, now in
                let left = try now.promptsLeft(limit)
                return left < limit ? "prompts used up: \(left) fresh ones are left; prompts is \(limit)" : nil
            } forecast: { limit, expected in
                expected.pool.map { Double($0.rounds(leaving: limit)) }
            },
        ] + RoundFigure.all.map(bound)

    /// A bound on what a round records.
    private static func bound(_ figure: RoundFigure) -> StopCriterion {
        StopCriterion(figure.key, .bound, figure.words, missing: figure.missing) { bound, now in
            guard let value = now.figures[figure.key], bound.isPassed(by: value) else { return nil }
            return "\(figure.key) of the last round is \(String(format: "%.3f", value)), \(bound)"
        }
    }
}
