// A port of one operation, checked by `refvr vectors run DIR --program ./deform_conv2d`.
//
//     c++ -O2 -std=c++17 -o deform_conv2d deform_conv2d.cpp
//
// Called as `deform_conv2d DIR/NAME/vector.json OUT`: it reads vector.txt beside vector.json (the same in plain lines)
// and the raw arrays it names, and writes OUT/y.bin. Everything is (n, h, w, c), little-endian float32.
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

struct Array {
    std::vector<long> shape;
    std::vector<float> data;
};

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    std::string folder = argv[1];
    folder = folder.substr(0, folder.find_last_of('/') + 1);
    std::map<std::string, Array> in;
    std::map<std::string, long> option{{"stride", 1}, {"dilation", 1}, {"groups", 1}, {"padding", -1}};
    std::ifstream card(folder + "vector.txt");
    for (std::string line, word, name; std::getline(card, line);) {
        std::istringstream words(line);
        words >> word >> name;
        if (word == "operation" && name != "deform_conv2d") return 3;  // not implemented
        if (word == "network") return 3;
        if (word == "option") words >> option[name];
        if (word != "input") continue;
        std::string file, type;
        words >> file >> type;
        Array a;
        long count = 1;
        for (long size; words >> size; count *= size) a.shape.push_back(size);
        a.data.resize(count);
        std::ifstream(folder + file, std::ios::binary).read(reinterpret_cast<char *>(a.data.data()), 4 * count);
        in[name] = a;
    }
    const Array &x = in["x"], &offset = in["offset_px"], &mask = in["mask"], &weight = in["weight"], &bias = in["bias"];
    const long h = x.shape[1], w = x.shape[2], c = x.shape[3], rows = mask.shape[1], columns = mask.shape[2];
    const long kh = weight.shape[0], kw = weight.shape[1], cg = weight.shape[2], o_all = weight.shape[3], taps = kh * kw;
    const long offset_groups = mask.shape[3] / taps, s = option["stride"], d = option["dilation"];
    const long groups = option["groups"], p = option["padding"] < 0 ? d * (kh / 2) : option["padding"];

    auto pixel = [&](long n, long i, long j, long channel) {
        return i < 0 || j < 0 || i >= h || j >= w ? 0.0f : x.data[((n * h + i) * w + j) * c + channel];
    };
    auto sample = [&](long n, float row, float column, long channel) {  // 0 outside, fading within one pixel
        if (!(row > -1 && column > -1 && row < h && column < w)) return 0.0f;
        const long i = long(std::floor(row)), j = long(std::floor(column));
        const float b = row - i, a = column - j;
        return (1 - b) * (1 - a) * pixel(n, i, j, channel) + (1 - b) * a * pixel(n, i, j + 1, channel)
             + b * (1 - a) * pixel(n, i + 1, j, channel) + b * a * pixel(n, i + 1, j + 1, channel);
    };
    std::vector<float> y;
    for (long n = 0; n < x.shape[0]; ++n)
        for (long row = 0; row < rows; ++row)
            for (long column = 0; column < columns; ++column)
                for (long o = 0; o < o_all; ++o) {
                    const long at = (n * rows + row) * columns + column, group = o / (o_all / groups);
                    float sum = 0;
                    for (long k = 0; k < taps; ++k)
                        for (long m = 0; m < cg; ++m) {
                            const long channel = group * cg + m, g = channel / (c / offset_groups);
                            const float *shift = &offset.data[at * offset_groups * taps * 2 + (g * taps + k) * 2];
                            const float r = row * s - p + k / kw * d + shift[0];     // rows before columns
                            const float q = column * s - p + k % kw * d + shift[1];
                            sum += mask.data[at * offset_groups * taps + g * taps + k] * sample(n, r, q, channel)
                                 * weight.data[(k * cg + m) * o_all + o];
                        }
                    y.push_back(sum + (bias.data.empty() ? 0 : bias.data[o]));
                }
    std::ofstream(std::string(argv[2]) + "/y.bin", std::ios::binary)
        .write(reinterpret_cast<const char *>(y.data()), 4 * y.size());
}
