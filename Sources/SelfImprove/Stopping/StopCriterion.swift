/// One stop criterion: everything that the program knows of it.
///
/// The YAML file, the HTTP API and its description, `selfimprove criteria` and its help, `plan` and the page read
/// `all`: a new criterion is one more row of `StopCriterion+All.swift`, explained in `configs/nursery.yaml`.
public struct StopCriterion: Sendable {
    /// As in the YAML file, and everywhere else.
    public let key: String
    /// What its limit is of, for help and for the page.
    public let words: String
    /// How a limit is written, for the message about one that is not.
    public let wanted: String
    /// The same as a regular expression, and the type of a limit in JSON, for the API's description.
    public let pattern: String
    public let jsonType: String

    /// The text of a limit as it is kept; nil for one that does not fit.
    let canonical: @Sendable (String) -> String?
    /// What a configuration lacks for this criterion; nil where nothing is missing.
    let missing: @Sendable (CampaignConfiguration) -> (message: String, hint: String)?
    /// Why a campaign should end, in words; nil: go on.
    let reason: @Sendable (_ limit: String, StopSituation) throws -> String?
    /// After how many rounds it will fire; nil where that depends on what they bring.
    let forecast: @Sendable (_ limit: String, StopForecast.Expectation) -> Double?

    init<Limit>(
        _ key: String,
        _ unit: StopUnit<Limit>,
        _ words: String,
        missing: @escaping @Sendable (CampaignConfiguration) -> (message: String, hint: String)? = { _ in nil },
        reason: @escaping @Sendable (Limit, StopSituation) throws -> String?,
        forecast: @escaping @Sendable (Limit, StopForecast.Expectation) -> Double? = { _, _ in nil }
    ) {
        self.key = key
        self.words = words
        wanted = unit.wanted
        pattern = unit.pattern
        jsonType = unit.jsonType
        canonical = { unit.read($0).map(unit.words) }
        self.missing = missing
        self.reason = { text, situation in try unit.read(text).flatMap { try reason($0, situation) } }
        self.forecast = { text, expectation in unit.read(text).flatMap { forecast($0, expectation) } }
    }

    /// nil for a key that is unknown.
    static func named(_ key: String) -> StopCriterion? { all.first { $0.key == key } }
}
