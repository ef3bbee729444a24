import LocalLM
import ModelFiles

/// The training data of one nursery model: instructions in given shares, some answered right, some with habit errors,
/// and some as aggregation prompts.
struct NurseryCorpus: Sendable {
    struct Part: Sendable {
        var skill: NurserySkill
        var weight: Double
        /// Probability that the answer is the habit error.
        var habit: Double
    }

    var parts: [Part]
    /// Share of the rows that show candidates and ask for the right answer.
    var aggregation = 0.0
    /// Whether aggregation rows are about all twelve skills alike, or about `parts`.
    var aggregatesEverything = false
    /// How often a right candidate is put in front.
    var rightInFront = 0.7

    /// One row of the corpus, before it is ids.
    struct Row: Sendable, Equatable {
        var prompt: [Message]
        var answer: String
    }

    /// Rows of about `tokens` tokens in all, as ids.
    /// - Throws: what encoding throws: a word outside the tokenizer's alphabet would be a fault of the nursery.
    func examples(tokens: Int, tokenizer checkpoint: Checkpoint, seed: UInt64) throws -> [Example] {
        var random = RandomStream(key: RandomKey.derive(seed, "corpus"))
        var examples: [Example] = []
        var count = 0
        while count < tokens {
            let row = row(&random)
            guard let example = try checkpoint.example(prompt: row.prompt, completion: row.answer) else {
                throw SelfImproveError(.failed, "a row of the nursery's corpus has no target: \(row.prompt)")
            }
            examples.append(example)
            count += example.ids.count
        }
        return examples
    }

    private func row(_ random: inout RandomStream) -> Row {
        if random.uniform() < aggregation {
            let all = NurserySkill.evaluated
            let skill = aggregatesEverything ? all[random.integer(below: all.count)] : part(&random).skill
            let instruction = NurseryInstruction.draw(skill, from: .corpus, &random)
            let candidates = Candidates.draw(for: instruction, rightInFront: rightInFront, &random)
            return Row(
                prompt: AggregationPrompt.nursery.messages(instruction.messages, candidates: candidates),
                answer: instruction.gold
            )
        }
        let part = part(&random)
        let instruction = NurseryInstruction.draw(part.skill, from: .corpus, &random)
        let sloppy = random.uniform() < part.habit
        return Row(prompt: instruction.messages, answer: sloppy ? instruction.habit : instruction.gold)
    }

    /// One of `parts`, by weight.
    private func part(_ random: inout RandomStream) -> Part {
        var place = random.uniform() * parts.reduce(0) { $0 + $1.weight }
        return parts.first {
            place -= $0.weight; return place < 0
        } ?? parts[parts.count - 1]
    }

    /// Candidates as a mixture would write them: some right, some wrong in the ways that models are wrong.
    enum Candidates {
        static func draw(for instruction: NurseryInstruction, rightInFront: Double, _ random: inout RandomStream)
            -> [String]
        {
            let gold = instruction.gold
            let count = 3 + random.integer(below: 2)
            let right = min(rightCount(random.uniform()), count)
            var candidates = [String](repeating: gold, count: right)
            var previous: String?
            while candidates.count < count {
                if let previous, random.uniform() < 0.2 {
                    candidates.append(previous)
                    continue
                }
                let wrong = wrong(instruction, &random)
                previous = wrong
                candidates.append(wrong)
            }
            random.shuffle(&candidates)
            // The mixture orders its candidates by likelihood: mostly a right one stands first.
            if random.uniform() < rightInFront, let first = candidates.firstIndex(of: gold) {
                candidates.swapAt(0, first)
            }
            return candidates
        }

        private static func rightCount(_ u: Double) -> Int {
            u < 0.05 ? 0 : u < 0.45 ? 1 : u < 0.70 ? 2 : u < 0.88 ? 3 : 4
        }

        private static func wrong(_ instruction: NurseryInstruction, _ random: inout RandomStream) -> String {
            let gold = instruction.gold
            for _ in 0..<8 {
                let u = random.uniform()
                let candidate =
                    u < 0.35 ? instruction.habit : u < 0.5 ? otherSkill(instruction, &random) : edited(gold, &random)
                if candidate != gold && !candidate.isEmpty { return candidate }
            }
            return gold + gold
        }

        /// What another skill would say of the same payload, or of another one of its kind.
        private static func otherSkill(_ instruction: NurseryInstruction, _ random: inout RandomStream) -> String {
            let skills = NurserySkill.of(instruction.skill.group)
            let skill = skills[random.integer(below: skills.count)]
            guard skill != .nth, instruction.skill != .nth, !instruction.words.isEmpty else {
                return NurseryInstruction.draw(skill, from: .corpus, &random).gold
            }
            return NurseryInstruction(
                skill: skill,
                words: instruction.words,
                numbers: instruction.numbers,
                paraphrase: 0
            ).gold
        }

        /// One or two random edits; numbers slip by a little, or in one digit.
        private static func edited(_ text: String, _ random: inout RandomStream) -> String {
            if let number = Int(text), random.uniform() < 0.7 {
                let slips = [1, -1, 2, -2, 10, -10]
                return String(abs(number + slips[random.integer(below: slips.count)]))
            }
            var letters = Array(text)
            let alphabet = Array(Int(text) == nil ? "abcdefghiklmnoprstuvz" : "0123456789")
            for _ in 0..<(1 + random.integer(below: 2)) {
                switch random.integer(below: 4) {
                case 0 where letters.count > 1: letters.remove(at: random.integer(below: letters.count))
                case 1:
                    letters.insert(
                        alphabet[random.integer(below: alphabet.count)],
                        at: random.integer(below: letters.count + 1)
                    )
                case 2 where letters.count > 1:
                    let place = random.integer(below: letters.count - 1)
                    letters.swapAt(place, place + 1)
                default:
                    if !letters.isEmpty {
                        letters[random.integer(below: letters.count)] = alphabet[random.integer(below: alphabet.count)]
                    }
                }
            }
            return String(letters)
        }
    }
}
