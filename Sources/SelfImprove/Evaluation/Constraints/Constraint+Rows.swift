import ModelFiles

extension Constraint {
    /// The instruction ids of IFEval's registry, which are also what a row may name.
    public static let identifiers: [String] = readers.keys.sorted()

    /// IFEval's name of it, `length_constraints:number_words` for example.
    public var id: String {
        switch self {
        case .keywords: "keywords:existence"
        case .keywordFrequency: "keywords:frequency"
        case .forbiddenWords: "keywords:forbidden_words"
        case .letterFrequency: "keywords:letter_frequency"
        case .language: "language:response_language"
        case .sentences: "length_constraints:number_sentences"
        case .paragraphs: "length_constraints:number_paragraphs"
        case .words: "length_constraints:number_words"
        case .firstWord: "length_constraints:nth_paragraph_first_word"
        case .placeholders: "detectable_content:number_placeholders"
        case .postscript: "detectable_content:postscript"
        case .bullets: "detectable_format:number_bullet_lists"
        case .fixedAnswer: "detectable_format:constrained_response"
        case .highlights: "detectable_format:number_highlighted_sections"
        case .sections: "detectable_format:multiple_sections"
        case .json: "detectable_format:json_format"
        case .title: "detectable_format:title"
        case .twoResponses: "combination:two_responses"
        case .repeatedPrompt: "combination:repeat_prompt"
        case .ending: "startend:end_checker"
        case .capitalWords: "change_case:capital_word_frequency"
        case .englishCapital: "change_case:english_capital"
        case .englishLowercase: "change_case:english_lowercase"
        case .noComma: "punctuation:no_comma"
        case .quotation: "startend:quotation"
        }
    }

    /// The keys of a row that state constraints.
    static let rowKeys = ["instruction_id_list", "kwargs"]

    /// The constraints of a row of IFEval's form: `instruction_id_list`, and `kwargs` with an object for each id. A row
    /// without either has none.
    ///
    /// Deviation: a parameter that is missing or makes no sense is refused, where the original draws one by chance.
    /// - Parameter context: the file and line, for error messages.
    /// - Throws: `SelfImproveError.input` that names the instruction and the parameter.
    public static func constraints(of row: JSONValue, context: String? = nil) throws -> [Constraint] {
        func fault(_ message: String, hint: String? = nil) -> SelfImproveError {
            SelfImproveError(.input, message, context: context, hint: hint)
        }
        guard let ids = row["instruction_id_list"] else {
            guard row["kwargs"] == nil else { throw fault("kwargs without an instruction_id_list") }
            return []
        }
        guard let names = ids.array else { throw fault("instruction_id_list is \(ids.kind), not an array") }
        let parameters = row["kwargs"] ?? .array(names.map { _ in .object([]) })
        guard let parameters = parameters.array, parameters.count == names.count else {
            throw fault("kwargs must be an array with one object for each of the \(names.count) instructions")
        }
        return try zip(names, parameters).map { name, parameters in
            guard let id = name.string else { throw fault("instruction_id_list holds \(name.kind), not a string") }
            guard let read = readers[id] else {
                throw fault("unknown instruction \(id)", hint: "there are \(identifiers.joined(separator: ", "))")
            }
            var fields = ConstraintFields(parameters, id: id, context: context)
            try fields.requireObject()
            let constraint = try read(&fields)
            try fields.requireNoOthers()
            return constraint
        }
    }

    private typealias Reader = @Sendable (inout ConstraintFields) throws -> Constraint

    private static let readers: [String: Reader] = [
        "keywords:existence": { .keywords(try $0.texts("keywords")) },
        "keywords:frequency": {
            .keywordFrequency(try $0.text("keyword", isStripped: true), try $0.bound("frequency", "relation"))
        },
        "keywords:forbidden_words": { .forbiddenWords(try $0.texts("forbidden_words")) },
        "keywords:letter_frequency": {
            .letterFrequency(try $0.letter("letter"), try $0.bound("let_frequency", "let_relation"))
        },
        "language:response_language": { .language(try $0.language("language")) },
        "length_constraints:number_sentences": { .sentences(try $0.bound("num_sentences", "relation")) },
        "length_constraints:number_paragraphs": { .paragraphs(try $0.count("num_paragraphs")) },
        "length_constraints:number_words": { .words(try $0.bound("num_words", "relation")) },
        "length_constraints:nth_paragraph_first_word": {
            let count = try $0.count("num_paragraphs")
            let paragraph = try $0.count("nth_paragraph", atMost: count)
            return .firstWord(try $0.text("first_word"), paragraph: paragraph, count: count)
        },
        "detectable_content:number_placeholders": { .placeholders(try $0.count("num_placeholders")) },
        "detectable_content:postscript": { .postscript(try $0.text("postscript_marker", isStripped: true)) },
        "detectable_format:number_bullet_lists": { .bullets(try $0.count("num_bullets")) },
        "detectable_format:constrained_response": { _ in .fixedAnswer },
        "detectable_format:number_highlighted_sections": { .highlights(try $0.count("num_highlights")) },
        "detectable_format:multiple_sections": {
            .sections(try $0.text("section_spliter", isStripped: true), try $0.count("num_sections"))
        },
        "detectable_format:json_format": { _ in .json },
        "detectable_format:title": { _ in .title },
        "combination:two_responses": { _ in .twoResponses },
        "combination:repeat_prompt": { .repeatedPrompt(try $0.text("prompt_to_repeat")) },
        "startend:end_checker": { .ending(try $0.text("end_phrase", isStripped: true)) },
        "change_case:capital_word_frequency": {
            .capitalWords(try $0.bound("capital_frequency", "capital_relation"))
        },
        "change_case:english_capital": { _ in .englishCapital },
        "change_case:english_lowercase": { _ in .englishLowercase },
        "punctuation:no_comma": { _ in .noComma },
        "startend:quotation": { _ in .quotation },
    ]
}
