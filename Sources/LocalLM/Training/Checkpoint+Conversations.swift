import ModelFiles

/// Conversations of which every answer is trained, as TRL's `assistant_only_loss` has them.
extension Checkpoint {
    /// - Returns: nil where the row is dropped, for want of a target or, with a template that does not mark its
    ///   answers, where one is rendered otherwise than where it was the last (as templates that take thoughts out of
    ///   earlier turns do): the model would be trained on what it never sees.
    public func example(conversation messages: [Message], tools: JSONValue? = nil) throws -> Example? {
        let (text, generated) = try conversations().renderMarked(messages, tools: tools, addGenerationPrompt: false)
        let ids = tokenizer.encode(text)
        let targets =
            generated.isEmpty
            ? try answers(of: messages, tools, in: ids) : tokenizer.ranges(of: generated.united, in: ids, of: text)
        guard let targets else { return nil }
        let example = Example(ids: ids, targets: targets)
        return example.targetCount > 0 ? example : nil
    }

    /// What each answer adds to the conversation before it, with all that the template writes after it: the targets
    /// that it has as the completion of that conversation.
    private func answers(of messages: [Message], _ tools: JSONValue?, in ids: [Int]) throws -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        for index in messages.indices where messages[index].isAnswer {
            guard index > 0 else { return nil }
            let before = try promptIDs(Array(messages[..<index]), tools: tools)
            let whole = try self.ids(Array(messages[...index]), tools, addGenerationPrompt: false)
            guard ids.starts(with: whole), whole.starts(with: before) else { return nil }
            ranges.append(before.count..<whole.count)
        }
        return ranges
    }
}

extension [Range<Int>] {
    /// In order, those that overlap as one: blocks may lie in one another.
    fileprivate var united: [Range<Int>] {
        sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }.reduce(into: []) { united, range in
            if let last = united.last, range.lowerBound <= last.upperBound {
                united[united.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                united.append(range)
            }
        }
    }
}
