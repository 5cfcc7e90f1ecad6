// An interpreter for the tests of the #! line: says what it was given, a NUL after each word.
#include <cstdio>

int main(int count, char** words) {
    for (int i = 1; i < count; ++i) std::printf("%s%c", words[i], '\0');
    return 0;
}
