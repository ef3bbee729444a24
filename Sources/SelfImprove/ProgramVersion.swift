/// The version of this program, kept with every campaign and model that it makes.
public enum ProgramVersion {
    public static let current = "0.1.0"
}
